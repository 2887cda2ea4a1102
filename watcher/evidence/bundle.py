"""Evidence as files, with a list of their fingerprints that `sha256sum -c` understands.

Equal evidence gives equal bytes.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from alerts.words.render import Templates
from watcher.evidence.model import Evidence
from watcher.evidence.page import letter, page
from watcher.evidence.table import posts_csv, suspects_csv
from watcher.evidence.values import as_json

FOLDER: Final = "evidence"
"""The folder in a ZIP file that holds the others."""
MANIFEST: Final = "MANIFEST.sha256"
BYTE_ORDER_MARK: Final = "\ufeff"
"""Spreadsheets know by it that the accents of a CSV file are UTF-8."""

_PRIVATE: Final = 0o100600 << 16  # an ordinary file for its owner, where ZIP files keep that


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """Files by name; the manifest, which lists all the others, is the last."""

    files: dict[str, bytes]

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the manifest, which stands for the whole."""
        return hashlib.sha256(self.files[MANIFEST]).hexdigest()


def bundle(templates: Templates, evidence: Evidence, language: str) -> Bundle:
    """Return the files of a bundle. Raises `TemplateError`, `CatalogueError`."""
    data = {
        "evidence.json": as_json(evidence),
        "suspects.csv": BYTE_ORDER_MARK + suspects_csv(evidence),
        "posts.csv": BYTE_ORDER_MARK + posts_csv(evidence),
    }
    files = {name: text.encode() for name, text in data.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files = {
        "README.txt": letter(templates, evidence, language, hashes).encode(),
        "evidence.html": page(templates, evidence, language, hashes).encode(),
    } | files
    manifest = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()
    )
    return Bundle(files=files | {MANIFEST: manifest.encode()})


def zipped(made: Bundle, evidence: Evidence) -> bytes:
    """Return a bundle as one ZIP file; the files in it bear the time at which it was made."""
    at = evidence.made.astimezone(UTC)
    written = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.files.items():
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", written)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever this runs on
            entry.external_attr = _PRIVATE
            archive.writestr(entry, content)
    return file.getvalue()
