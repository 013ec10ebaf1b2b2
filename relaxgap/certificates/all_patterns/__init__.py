"""Bounds that hold for all activation patterns without a list of them."""
