"""What to do about a match: routes, digests, deliveries, follows.

A kind is one frozen dataclass, which is its TOML table; the unions below are the registry.
"""

from alerts.auto_follow import AutoFollow
from alerts.channels.digest_channel import DigestChannel
from alerts.channels.email_digest import EmailDigest
from alerts.channels.feed_file import FeedFile
from alerts.channels.notify_channel import Notify
from alerts.channels.outlet import Outlet
from alerts.channels.report_mail import ReportMail
from alerts.channels.webhook import Webhook
from alerts.mail.mail_folder import MailFolder
from alerts.mail.smtp_server import SmtpServer
from alerts.routing.inhibition import Inhibition
from alerts.routing.route import Route

Channel = EmailDigest | Notify | Webhook | FeedFile | ReportMail | AutoFollow
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
    "ReportMail",
    "Route",
    "SmtpServer",
    "Webhook",
]
