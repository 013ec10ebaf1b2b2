"""The training loss around a network: stationarity, kinks, structure, descent, minimal networks."""
