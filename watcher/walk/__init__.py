"""The steps that a post goes through, one file for each; `watcher.pipeline` hands them out."""
