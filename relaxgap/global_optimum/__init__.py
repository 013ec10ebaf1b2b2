"""The certified global optimum: a search for networks above, bounds over all patterns below."""
