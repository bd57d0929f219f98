"""Whatever continues a run: taken, written, found again."""
