"""Bounds of the dual constraint of parallel three-layer networks, and what they prove."""
