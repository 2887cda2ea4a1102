"""The report as a mail: its first page to read, the whole attached."""

import logging
from dataclasses import dataclass, field

from alerts.mail.message import Attachment
from alerts.words import hostile
from alerts.words.render import Templates
from watcher.reports.composing import compose, speaking
from watcher.reports.facts import Facts
from watcher.reports.page import page
from watcher.reports.pdf import PdfError, printed

log = logging.getLogger("watcher")

LARGEST = 6_000_000
"""Bytes attached to one mail: many servers take 10 MB, and files grow by a third on the way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What every recipient of one language gets."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = field(repr=False)


def letter(
    templates: Templates,
    facts: Facts,
    language: str,
    *,
    title: str,
    pdf: bool = False,
    late: bool = False,
) -> Letter:
    """Put facts into a mail. What would be too large is left out, and the mail says so.

    Raises `TemplateError`, `CatalogueError`.
    """
    report = compose(templates, facts, language)
    say = speaking(templates, facts, language)
    name = f"report-{report.period.day_of(report.period.since)}"
    files = [
        Attachment(
            name=f"{name}.html",
            kind="text/html",
            content=page(templates, report, say).encode(),
        )
    ]
    missing = []
    if pdf:
        try:
            paper = printed(page(templates, report, say, printed=True))
            files.append(Attachment(name=f"{name}.pdf", kind="application/pdf", content=paper))
        except PdfError as error:
            log.warning("a report leaves without its PDF: %s", error)
            missing.append(say.t("The PDF could not be made on this machine."))
    kept: list[Attachment] = []
    for one in files:
        if sum(len(other.content) for other in kept) + len(one.content) <= LARGEST:
            kept.append(one)
        else:
            missing.append(
                say.t("{file} is too large for a mail; `watcher report` writes it.", file=one.name)
            )
    context = {
        "r": report,
        "title": say.name(title),
        "missing": missing,
        "attached": [one.name for one in kept],
        "late": late,
        "t": say.t,
        "tn": say.tn,
        "wrap": say.wrap,
        "moment": say.words.moment,
    }
    return Letter(
        subject=hostile.one_line(templates.fill("report/subject.txt", context), 140),
        text=templates.fill("report/mail.txt", context),
        html=templates.fill("report/mail.html", context),
        attachments=tuple(kept),
    )
