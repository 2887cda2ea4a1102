"""What to do about a match: routes, digests, deliveries, follows.

A kind is one frozen dataclass, which is its TOML table; the unions below are the registry.
"""

from alerts.auto_follow import AutoFollow
from alerts.digest_channel import DigestChannel
from alerts.email_digest import EmailDigest
from alerts.feed_file import FeedFile
from alerts.inhibition import Inhibition
from alerts.mail_folder import MailFolder
from alerts.notify_channel import Notify
from alerts.outlet import Outlet
from alerts.route import Route
from alerts.smtp_server import SmtpServer
from alerts.webhook import Webhook

Channel = EmailDigest | Notify | Webhook | FeedFile | AutoFollow
"""What a `[[channels]]` table can be."""

Mail = SmtpServer | MailFolder
"""What the `[mail]` table can be."""

__all__ = [
    "AutoFollow",
    "Channel",
    "DigestChannel",
    "EmailDigest",
    "FeedFile",
    "Inhibition",
    "Mail",
    "MailFolder",
    "Notify",
    "Outlet",
    "Route",
    "SmtpServer",
    "Webhook",
]
