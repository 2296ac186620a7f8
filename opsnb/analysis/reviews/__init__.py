"""The steps that playbooks are made of: each takes a session, records facts, shows parts."""
