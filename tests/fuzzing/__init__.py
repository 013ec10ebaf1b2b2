"""Mutated inputs for all that reads files and configs: what goes in, and what is done with it."""
