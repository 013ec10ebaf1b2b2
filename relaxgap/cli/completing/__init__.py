"""What a shell asks for at the tab key, answered without importing any command."""
