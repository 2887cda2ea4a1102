"""The last step: what is older than the configuration keeps it goes."""

from datetime import timedelta

from watcher.app import App
from watcher.walk.archiving import drop_old_log
from watcher.walk.indexing import leave_index


def forget(app: App) -> int:
    """Remove posts older than the configuration keeps them; return how many went.

    What is left of people who were forgotten goes too, and old days of the log.
    """
    now = app.clock()
    app.store.finish_forgetting(now)
    gone = app.store.forget_before(
        now - timedelta(days=app.config.store.keep_days),
        channels=[channel.name for channel in app.config.channels],
        sources={
            source.name: now - timedelta(days=source.keep_days)
            for source in app.config.sources
            if source.keep_days is not None
        },
    )
    app.index.forget(app.store)
    leave_index(app)
    if app.config.uses_log:
        drop_old_log(app, now)
    return gone
