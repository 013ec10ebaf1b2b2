"""A drawer: the cell and the figure of one experiment."""
