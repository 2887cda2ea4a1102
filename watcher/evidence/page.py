"""The page and the covering letter: evidence in words, for people who have nothing but the file."""

import base64
import hashlib
from collections import Counter
from collections.abc import Mapping

from alerts.words.render import Templates
from alerts.words.translations import Words
from rules.lookalike.bands import band
from rules.model import Verdict
from watcher.evidence.model import Evidence, fingerprint
from watcher.evidence.speech import Speech

STYLE = "evidence/style.css"


def page(
    templates: Templates,
    evidence: Evidence,
    language: str,
    files: Mapping[str, str] | None = None,
) -> str:
    """Return a page of HTML that runs no script and asks for nothing from anywhere.

    `language` is one of `templates.languages`; `files` are the names of the files beside the page
    with their SHA-256. Raises `TemplateError`, `CatalogueError`.
    """
    style = templates.fill(STYLE, {})
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    context = _context(templates, evidence, language, files or {}) | {"policy": policy}
    return templates.fill("evidence/page.html", context)


def letter(
    templates: Templates, evidence: Evidence, language: str, files: Mapping[str, str]
) -> str:
    """Return the text that lies on top of a bundle. Raises `TemplateError`, `CatalogueError`."""
    return templates.fill("evidence/README.txt", _context(templates, evidence, language, files))


def _context(
    templates: Templates, evidence: Evidence, language: str, files: Mapping[str, str]
) -> dict[str, object]:
    catalogue = templates.catalogue(language)
    words = Words(catalogue=catalogue, zone=evidence.zone, now=evidence.made)
    speech = Speech(words)
    times = [copy.seen for case in evidence.cases for copy in case.posts]
    return {
        "e": evidence,
        "brand_names": [speech.name(brand.name) for brand in evidence.brands],
        "files": files,
        "language": catalogue.language.replace("_", "-"),
        "direction": words.direction,
        "verdicts": Counter(case.record.verdict for case in evidence.cases),
        "Verdict": Verdict,
        "copies": len(times),
        "first_copy": min(times, default=None),
        "last_copy": max(times, default=None),
        "band": band,
        "fingerprint": fingerprint,
        "t": speech.t,
        "tn": speech.tn,
        "reason": speech.reason,
        "name": speech.name,
        "sentence": speech.sentence,
        "text": speech.text,
        "moment": speech.moment,
        "iso": speech.iso,
        "signs": speech.signs,
        "called": speech.called,
        "differing": speech.differing,
        "spoken": speech.language,
        "number": words.number,
        "offset": words.offset,
        "listed": words.listed,
    }
