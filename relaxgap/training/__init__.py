"""Gradient methods and what they do to activation patterns."""
