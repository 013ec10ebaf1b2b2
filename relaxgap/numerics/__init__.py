"""What every room borrows: arrays and backends, nothing of ReLU."""
