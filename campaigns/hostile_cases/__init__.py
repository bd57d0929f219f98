"""Hostile files by kind: each module gives `cases(folder)`."""
