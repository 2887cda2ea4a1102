"""The report as one page of HTML that runs no script and asks for nothing from anywhere."""

import base64
import hashlib

from alerts.words.render import Templates
from watcher.reports.model import Report
from watcher.reports.say import Say

STYLE = "report/style.css"


def page(templates: Templates, report: Report, say: Say, *, printed: bool = False) -> str:
    """Return the page; `printed` puts the tables behind charts at the end, for paper.

    Raises `TemplateError`.
    """
    style = templates.fill(STYLE, {})
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    context = {
        "r": report,
        "policy": policy,
        "printed": printed,
        "numbered": {id(sheet): n for n, sheet in enumerate(report.sheets, 1)},
        "id": id,
        "t": say.t,
        "tn": say.tn,
        "number": say.number,
        "cell": say.cell,
        "moment": say.words.moment,
        "offset": say.words.offset,
        "iso": say.iso,
    }
    return templates.fill("report/page.html", context)
