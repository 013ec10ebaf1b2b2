"""Where cells run: a protocol and one file for each way to meet it."""
