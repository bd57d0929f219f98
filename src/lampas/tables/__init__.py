"""The table task: reading, column kinds, preparation, and a net for rows of columns."""
