"""Certificates: bounds proven from (program, point), whoever made the point."""
