"""Every sentence of the mails exists in every language, and a slip of a translator is harmless."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

import alerts.digest
import alerts.follow
from alerts.render import Templates
from alerts.translations import Catalogue, CatalogueError, Words, fill, places
from rules import lookalike
from rules.lookalike import reasons as lookalike_reasons
from watcher import files

CATALOGUES = sorted(files.templates().glob("locale/*/LC_MESSAGES/watcher.po"))


def sentences() -> Iterator[tuple[str, ...]]:
    """Every message id: (one,) or (one, many)."""
    for path in sorted(files.templates().glob("*/*.*")):
        for call in Environment().parse(path.read_text()).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in {"t", "tn"}:
                texts = call.args[: 1 if call.node.name == "t" else 2]
                assert all(isinstance(text, nodes.Const) for text in texts), path
                yield tuple(text.value for text in texts)
    yield from (("{count} d",), ("{count} h",), ("{count} min",))
    for reasons in (alerts.digest.REASONS, alerts.follow.REASONS, lookalike_reasons.REASONS):
        yield from ((text,) for text in reasons.values())


