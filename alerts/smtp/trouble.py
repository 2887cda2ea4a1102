"""What went wrong with a mail server, in one sentence, and what to do about it."""

import base64
import re
import ssl

from alerts.model import DeliveryError
from alerts.secret import Secret

_LONGEST = 300
"""Characters of a server's own words."""


class LostError(DeliveryError):
    """The connection is of no more use, before anything was handed over: another may do."""

    def __init__(self, message: str, *, help: str = "") -> None:
        super().__init__(message, kind="temporary", help=help)


def one_line(words: object, secret: Secret | None = None, username: str = "") -> str:
    """Return a server's words on one bounded line, without our secret should they repeat it."""
    text = str(words)
    for hidden in _shapes_of(secret, username):
        text = text.replace(hidden, str(secret))
    printable = "".join(c if c.isprintable() else " " for c in text)
    return re.sub(r" +", " ", printable).strip()[:_LONGEST] or type(words).__name__


def _shapes_of(secret: Secret | None, username: str) -> list[str]:
    """Return the forms in which a secret goes over the wire, the longest first."""
    if secret is None or not secret.reveal():
        return []
    bare = secret.reveal()
    forms = [bare, f"\0{username}\0{bare}", f"user={username}\1auth=Bearer {bare}\1\1"]
    coded = [base64.b64encode(form.encode()).decode() for form in forms]
    return sorted([bare, *coded], key=len, reverse=True)


def certificate_problem(error: BaseException | None) -> tuple[str, str] | None:
    """Return what is wrong with the certificate that a server showed, and what to do; else None.

    Looks through the causes of an error. The codes are OpenSSL's (X509_V_ERR_...).
    """
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if error is None:
        return None
    if not isinstance(error, ssl.SSLCertVerificationError):
        if "WRONG_VERSION_NUMBER" in str(error):
            return "it does not speak TLS on this port", _OTHER_SECURITY
        return f"no TLS was agreed on: {error.reason or error}", _OTHER_SECURITY
    match error.verify_code:
        case 9:
            return "its certificate is not valid yet", "is the clock of this machine right?"
        case 10:
            return (
                "its certificate has expired",
                "whoever keeps the server must renew it; is the clock of this machine right?",
            )
        case 18 | 19 | 2 | 20 | 21:
            signed = "by itself" if error.verify_code == 18 else "by nobody whom this machine knows"
            return f"its certificate is signed {signed}", _OWN_AUTHORITY
        case 62 | 64:
            return (
                "its certificate is made out to another name",
                "write the server's own name as host in the [mail] table",
            )
    return f"its certificate is not accepted: {error.verify_message}", _OTHER_SECURITY


_OWN_AUTHORITY = (
    "if the server has a certificate authority of its own, name its certificates: "
    "ca_file in the [mail] table"
)
_OTHER_SECURITY = (
    'check host, port and security in the [mail] table: 465 is usual for "tls", 587 for "starttls"'
)
