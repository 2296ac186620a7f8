"""What several reviews show alike."""
