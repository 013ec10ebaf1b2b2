"""Bounds of the dual constraint of networks with several outputs, and what they prove."""
