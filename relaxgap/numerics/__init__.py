"""What every room borrows: arrays and backends, rows, rounding, limits, clocks, whole files."""
