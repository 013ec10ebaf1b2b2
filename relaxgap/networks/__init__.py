"""Two-layer networks: forward pass, maps to and from programs, pruning."""
