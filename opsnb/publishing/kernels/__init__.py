"""Warm kernels: a process that has imported what playbooks need forks a kernel for each of them.

    preload      what is imported before the fork, and the guard that makes forking safe
    zygote       the process that forks: one a client, single-threaded, gone with its client
    child        what becomes of a fork: an ordinary ipykernel in a session of its own
    client       starts zygotes, asks them for kernels
    provisioner  the entry point by which Jupyter's tools get such kernels
    spec         kernel.json: the kernelspec `opsnb`

Linux only; elsewhere, and wherever forking is refused, kernels are ordinary ones.
"""
