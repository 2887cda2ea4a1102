"""The service: outermost; start reading at `watcher.app` and `watcher.pipeline`."""
