"""The convex programs: cone-constrained and gated."""
