"""From a team's own tables to those of the contract: presets of well-known platforms."""
