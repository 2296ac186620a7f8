"""`python -m opsnb` does what `opsnb` does."""

from opsnb.cli import main

main()
