"""Solvers: conic references and column generation over all patterns."""
