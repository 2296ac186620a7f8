"""A playbook's file: its contract, its parameters."""
