"""Methods for networks with several outputs."""
