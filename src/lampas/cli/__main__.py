"""`python -m lampas.cli` is `lampas`."""

from lampas.cli import main

main()
