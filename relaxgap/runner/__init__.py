"""Configs, grids, cells on disk, parallel execution, manifests."""
