"""Lets `python -m watcher` do what `watcher` does."""

from watcher.cli import main

main()
