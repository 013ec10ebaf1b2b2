"""Prices and brackets of networks of one column with free biases."""
