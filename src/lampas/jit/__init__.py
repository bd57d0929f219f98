"""Whole training steps as one compiled graph."""
