"""Executes a playbook in a kernel of its own and keeps a true record of what happened.

engine      papermill engine: cell status, output to the log, limits on time and size
kernel      a kernel of this interpreter, forked where that can be done
group       kernels that can be stopped together
watchdog    stops a kernel that runs out of its time or its memory
room        memory for runs side by side
remote      executes on the workers of a Dask cluster
scrub       takes paths of this machine and secrets out of what leaves it
names       names of report folders
provenance  what made the report: versions, commit, playbook
"""
