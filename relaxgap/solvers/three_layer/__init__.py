"""Ways to a bracket of the optimum of parallel three-layer networks."""
