"""Many more rows than columns: Gram matrices of blocks, and passes over the rows in chunks."""
