"""Data sets: Gaussian, the user's files, handwritten digits."""
