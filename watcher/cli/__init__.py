"""The command line: one file per noun; the only place that knows click and rich."""
