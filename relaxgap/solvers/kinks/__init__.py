"""An active set of kinks: the solver of networks of one column with free biases."""
