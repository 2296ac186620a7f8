"""A month or a week under review."""
