"""Where posts come from."""
