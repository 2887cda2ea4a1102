"""TOML into frozen dataclasses, with every problem at its `file:line:column`.

document.py   a file as values, and where in its text each of them stands
syntax.py     a file that is no TOML: every broken statement of it, in words
kinds.py      what a dataclass says of its table: keys, types, defaults, docstrings
convert.py    values into dataclasses, collecting what is wrong
words.py      types and values in words, and what was perhaps meant
secrets.py    `${NAME}` and `${file:path}`
screen.py     a problem as the reader sees it: the line, a caret, what to do
"""

from watcher.toml.convert import Conversion
from watcher.toml.document import Document
from watcher.toml.screen import ConfigError, Finding, screens
from watcher.toml.words import closest

__all__ = ["ConfigError", "Conversion", "Document", "Finding", "closest", "screens"]
