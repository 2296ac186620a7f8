"""Connectors whose urls name files, folders or globs; each module is a scheme."""
