"""Runs beside each other: found, told apart, and whether the difference is more than chance.

Nothing is imported here: `found` needs no torch, and `lampas runs` answers at once."""
