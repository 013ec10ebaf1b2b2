"""Solvers in processes of their own, timed side by side under one limit."""
