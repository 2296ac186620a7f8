"""Connectors to databases and clusters; each module is a scheme."""
