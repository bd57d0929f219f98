"""Malformed inputs by kind: each module gives trials from a `random.Random`."""
