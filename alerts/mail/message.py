"""Builds the RFC 5322 message of a digest for one recipient: headers, parts, bytes.

The same input gives the same bytes, Message-ID included: that is made from the channel, the slot,
the recipient and the content, so that a repeated mail can be recognised as one.
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal
from urllib.parse import quote

from alerts.digest.composing import Digest
from alerts.mail.address import Address, AddressError, parse_address
from alerts.model import OutgoingMail
from alerts.returns.address import Tokens
from alerts.words import hostile


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture that an HTML part shows."""

    name: str
    """Its Content-ID without brackets: `...@...`, unique in the mail."""
    png: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file that a mail brings."""

    name: str
    kind: Literal["text/html", "application/pdf"]
    content: bytes = field(repr=False)


def build(
    digest: Digest,
    *,
    recipient: str,
    subject: str,
    text: str,
    html: str,
    sender_address: str,
    contact: str,
    pictures: Sequence[Picture] = (),
    tokens: Tokens | None = None,
    attachments: Sequence[Attachment] = (),
) -> OutgoingMail:
    """Return the message ready to be stored and sent.

    `html` speaks of `pictures` as `cid:` and their names. With `tokens` the mail has an address of
    its own for answers; where `text` and `html` speak of it they have the stand-in for its token.
    `sender_address` and `contact` (which may be empty, or a page) are mail addresses;
    raises `AddressError` for a sender that is none. A recipient that is none is left to the sender
    of mails, which refuses it alone.
    """
    sender = parse_address(sender_address)
    domain = _ascii(sender.address.rpartition("@")[2])
    fingerprint = _digest(digest.channel.name, digest.slot.at.isoformat(), recipient, subject,
                          text, html, *_prints(attachments))  # fmt: skip
    token = tokens.token(fingerprint) if tokens else ""
    if tokens is not None:
        text, html = (part.replace(tokens.stand_in, token) for part in (text, html))
    back = tokens.returns.of(token) if tokens else ""
    message_id = f"<{_slug(digest.channel.name)}.{fingerprint[:24]}@{domain}>"
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = subject
    message["From"] = _header(sender)
    to = _recipient(recipient)
    message["To"] = _header(to) if to else "undisclosed-recipients:;"
    message["Date"] = format_datetime(digest.now.astimezone(digest.zone).replace(microsecond=0))
    message["Message-ID"] = message_id
    _series_headers(message, digest, domain, contact or sender.address, back)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    _add_pictures(message, pictures, fingerprint)
    _attach(message, attachments, fingerprint)
    message["Content-Language"] = digest.channel.language
    message.set_boundary(f"=_{fingerprint[24:56]}")
    utf8 = not sender.address.isascii() or (to is not None and to.needs_utf8)
    payload = message.as_bytes(policy=policy.SMTPUTF8 if utf8 else policy.SMTP)
    return OutgoingMail(
        recipient=recipient, message_id=message_id, payload=payload, html=html, token=token
    )


def page_of(payload: bytes) -> str:
    """Return the HTML of a mail as a page that holds its pictures; empty where it has none."""
    message = message_from_bytes(payload, EmailMessage, policy=policy.default)
    body = message.get_body(("html",))
    if body is None:
        return ""
    page = str(body.get_content())
    for part in message.walk():
        if part.get_content_type() == "image/png" and (name := part["Content-ID"]):
            address = f"cid:{str(name).strip(' <>')}"
            page = page.replace(address, data_address(part.get_content()))
    return page


def text_of(payload: bytes) -> str:
    """Return the text part of a mail; empty where it has none."""
    message = message_from_bytes(payload, EmailMessage, policy=policy.default)
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def data_address(png: bytes) -> str:
    """Return an address that is the picture itself."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _add_pictures(message: EmailMessage, pictures: Sequence[Picture], fingerprint: str) -> None:
    """Put the pictures beside the HTML that shows them."""
    if not pictures:
        return
    html = message.get_body(("html",))
    if not isinstance(html, EmailMessage):
        return
    for picture in pictures:
        html.add_related(
            picture.png, "image", "png", cid=f"<{picture.name}>", disposition="inline",
            filename=f"{picture.name.partition('@')[0]}.png",
        )  # fmt: skip
    html.set_boundary(f"=_{fingerprint[8:40]}")


def _attach(message: EmailMessage, files: Sequence[Attachment], fingerprint: str) -> None:
    """Put files after what is read."""
    if not files:
        return
    message.set_boundary(f"=_{fingerprint[16:48]}")
    for one in files:
        main, _, sub = one.kind.partition("/")
        message.add_attachment(one.content, main, sub, filename=one.name, cte="base64")


def _prints(files: Sequence[Attachment]) -> list[str]:
    return [f"{one.name} {hashlib.sha256(one.content).hexdigest()}" for one in files]


def _series_headers(
    message: EmailMessage, digest: Digest, domain: str, contact: str, back: str
) -> None:
    """What makes the mails of a channel one series, and tells machines not to answer."""
    slug = _slug(digest.channel.name)
    series = _digest(digest.channel.name, domain)[:16]
    message["References"] = f"<{slug}.series.{series}@{domain}>"
    title = hostile.one_line(digest.channel.title or digest.channel.name, 60)
    words = re.sub(r"[^A-Za-z0-9 ]+", " ", title).strip()
    message["List-Id"] = f"{words} <{slug}.{series}.{domain}>".strip()
    ask = quote(f"unsubscribe {digest.channel.name[:60]}", safe="")
    if back:
        message["Reply-To"] = back
        message["List-Unsubscribe"] = f"<mailto:{quote(back, safe='@+')}?subject=unsubscribe>"
    elif page := hostile.safe_link(contact):
        message["List-Unsubscribe"] = f"<{page}>"
    else:
        address = parse_address(contact).address
        message["List-Unsubscribe"] = f"<mailto:{quote(address, safe='@')}?subject={ask}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["Feedback-ID"] = f"{slug}:{digest.channel.send}:digest:{series}"


def _recipient(text: str) -> Address | None:
    try:
        return parse_address(text)
    except AddressError:
        return None


def _header(address: Address) -> HeaderAddress | str:
    if address.needs_utf8:
        return address.address  # the header registry knows only ASCII local parts
    name = hostile.one_line(address.name, 60)
    return HeaderAddress(display_name=name, addr_spec=address.address)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:40] or "digest"


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "localhost"


def _digest(*parts: str) -> str:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()
