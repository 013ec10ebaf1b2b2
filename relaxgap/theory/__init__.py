"""The papers' results as functions: one file a result, each number with its hypotheses."""
