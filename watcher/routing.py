"""The routes of a configuration, made ready to be asked."""

from alerts import AutoFollow
from alerts.routing.route import Router
from watcher.config import Config


def router_of(config: Config) -> Router:
    """Return the routes, which lead nothing but posts to channels that follow accounts."""
    following = [one.name for one in config.channels if isinstance(one, AutoFollow)]
    return Router(config.routes, config.definitions, posts_only=following)
