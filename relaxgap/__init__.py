"""Certified optimality gaps of convex relaxations of two-layer ReLU networks."""
