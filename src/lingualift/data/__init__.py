"""Reading files that others publish: their rows, and where they lie in a folder."""
