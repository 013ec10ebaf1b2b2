"""One file per figure; each reads a CSV and computes nothing new."""
