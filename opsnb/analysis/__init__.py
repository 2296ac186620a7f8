"""From the team's tables to what a playbook's cells show."""
