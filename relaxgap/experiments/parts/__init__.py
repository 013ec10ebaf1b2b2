"""What experiments share: settings, cells, contenders and trained runs."""
