"""``python -m constants_lab`` is ``clab``."""

from constants_lab.cli.main import main

main()
