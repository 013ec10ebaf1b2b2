"""Networks from files, without running anything that is stored in them."""
