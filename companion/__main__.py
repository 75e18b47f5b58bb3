"""`python -m companion`."""

from companion.apps.cli import main

main()
