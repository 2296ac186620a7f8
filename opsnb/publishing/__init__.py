"""From a playbook to the files of a report, and what keeps, compares and serves them."""
