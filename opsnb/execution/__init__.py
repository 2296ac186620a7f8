"""Executes a playbook in a kernel of its own and keeps a true record of what happened.

engine      papermill engine: cell status, output to the log, limits on time and size
kernel      a kernel of this interpreter; groups of kernels that can be stopped together
scrub       takes paths of this machine and secrets out of what leaves it
names       names of report folders
provenance  what made the report: versions, commit, playbook
"""
