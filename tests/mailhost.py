"""A real mail host on loopback: Postfix takes mails and hands them to Dovecot, who shows them.

Postfix wants to be started by root, as CI does; elsewhere the tests that need it are skipped. All
that is written lies in a temporary folder, and no port below 1024 is used.

Who has a mailbox: `ada`, `bob`, `zoé`, and `watch`, who sends (with `watch+anything`), each at
`plivelo.example`. `busy@` is deferred, everybody else there refused. All of `later.example` is
taken and then sent back.
"""

import imaplib
import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.servers import MissingServerError

DOMAIN = "plivelo.example"
PASSWORD = "folding bicycles"
_USERS = {"ada": "ada", "bob": "bob", "zoé": "zoe", "watch": "watch"}
"""Local parts of addresses, and the mailboxes they have."""
_PATIENCE = 30
"""Seconds until a server that was started must answer, and a mail arrive."""
_DAEMONS = ("/usr/lib/postfix/sbin", "/usr/libexec/postfix", "/usr/lib/postfix")


class MailHost:
    """A running Postfix and Dovecot."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        daemons = _programs()
        self.smtp_port, self.tls_port, self.imap_port, self.imaps_port, self._lmtp_port = (
            _free_ports(5)
        )
        # Not under pytest's folder: only its owner may enter that.
        self.folder = Path(tempfile.mkdtemp(prefix="watcher-mail-"))
        self.folder.chmod(0o755)
        self.ca_file = self.folder / "ca.pem"
        self._nobody = pwd.getpwnam("nobody")
        self._certificates()
        self._write_dovecot()
        self._write_postfix(daemons)
        self._dovecot = subprocess.Popen(
            [_found("dovecot"), "-F", "-c", self.folder / "dovecot.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._master: subprocess.Popen[bytes] | None = None
        try:
            self._postfix("check")
            self._master = subprocess.Popen(
                [daemons / "master", "-d", "-c", self.folder / "postfix"],
                env={**os.environ, "MAIL_CONFIG": str(self.folder / "postfix")},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            ports = (self.smtp_port, self.tls_port, self.imap_port, self.imaps_port)
            for port in (*ports, self._lmtp_port):
                self._wait_for(port)
        except BaseException:
            self.stop()
            raise

    # What tests do with it

    def maildir(self, user: str) -> Path:
        """Where a user's mails lie, in `new` and `cur`."""
        return self.folder / "mail" / user

    @contextmanager
    def imap(self, user: str) -> Iterator[imaplib.IMAP4]:
        """Open a user's inbox as a mail program does."""
        with imaplib.IMAP4(self.host, self.imap_port, timeout=_PATIENCE) as connection:
            connection.login(user, PASSWORD)
            connection.select("INBOX")
            yield connection

    def mails(self, user: str, count: int = 1) -> list[bytes]:
        """Wait until a user has so many mails; return all there are, in the order they came."""
        until = time.monotonic() + _PATIENCE
        while True:
            with self.imap(user) as connection:
                numbers = connection.search(None, "ALL")[1][0].split()
                if len(numbers) >= count:
                    return [
                        connection.fetch(number.decode(), "(BODY.PEEK[])")[1][0][1]
                        for number in numbers
                    ]
            if time.monotonic() > until:
                raise AssertionError(f"{user} has {len(numbers)} mails: {self.log()[-3000:]}")
            time.sleep(0.05)

    def deliver(self, sender: str, recipient: str, octets: bytes) -> None:
        """Send a mail as somebody else does: an answer, or a request to unsubscribe."""
        with smtplib.SMTP(self.host, self.smtp_port, timeout=_PATIENCE) as client:
            client.sendmail(sender, [recipient], octets)

    def empty(self) -> None:
        """Wait until nothing is under way any more, and throw all mails away."""
        until = time.monotonic() + _PATIENCE
        queues = [self.folder / "queue" / name for name in ("maildrop", "incoming", "active")]
        while any(file.is_file() for queue in queues for file in queue.rglob("*")):
            if time.monotonic() > until:
                raise AssertionError(f"mails are still under way: {self.log()[-3000:]}")
            time.sleep(0.05)
        for user in _USERS.values():
            with self.imap(user) as connection:
                if connection.search(None, "ALL")[1][0]:
                    connection.store("1:*", "+FLAGS.SILENT", r"(\Deleted)")
                    connection.expunge()

    def log(self) -> str:
        """What both servers said so far."""
        logs = (self.folder / name for name in ("postfix.log", "dovecot.log"))
        return "\n".join(log.read_text(errors="replace") for log in logs if log.exists())

    def stop(self) -> None:
        """Stop both and remove the folder."""
        for server in (self._master, self._dovecot):
            if server is None:
                continue
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # How it is set up

    def _certificates(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        issued = authority.issue_cert(self.host, "localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "server.pem"))

    def _write_dovecot(self) -> None:
        mail = self.folder / "mail"
        mail.mkdir()
        uid, gid = self._nobody.pw_uid, self._nobody.pw_gid
        os.chown(mail, uid, gid)
        users = "".join(
            f"{user}:{{PLAIN}}{PASSWORD}:{uid}:{gid}::{mail / user}\n" for user in _USERS.values()
        )
        (self.folder / "users").write_text(users)
        (self.folder / "dovecot.conf").write_text(f"""
base_dir = {self.folder}/dovecot
log_path = {self.folder}/dovecot.log
protocols = imap lmtp
ssl = yes
ssl_cert = <{self.folder}/server.pem
ssl_key = <{self.folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_format = %Ln
mail_location = maildir:{mail}/%n
recipient_delimiter = +
first_valid_uid = 1
hostname = mail.{DOMAIN}
postmaster_address = postmaster@{DOMAIN}
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
service imap-login {{
  inet_listener imap {{
    address = {self.host}
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    address = {self.host}
    port = {self.imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {self.host}
    port = {self._lmtp_port}
  }}
}}
service auth {{
  unix_listener {self.folder}/auth {{
    mode = 0666
  }}
}}
""")

    def _write_postfix(self, daemons: Path) -> None:
        folder = self.folder / "postfix"
        for name in ("postfix", "queue", "data"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        boxes = [f"{local}@{DOMAIN} {box}/" for local, box in _USERS.items()]
        tables = {
            "boxes": [*boxes, f"busy@{DOMAIN} busy/", "@later.example all/"],
            # Dovecot's LMTP knows no SMTPUTF8: Postfix itself writes into that mailbox.
            "transport": [f"zoé@{DOMAIN} virtual:"],
            "access": [f"busy@{DOMAIN} 451 4.7.1 greylisted, come back later"],
        }
        for name, lines in tables.items():
            (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
daemon_directory = {daemons}
command_directory = {Path(_found("postfix")).parent}
maillog_file = {self.folder}/postfix.log
maillog_file_prefixes = {self.folder}
inet_interfaces = {self.host}
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
myhostname = mail.{DOMAIN}
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
local_transport = error:there are no local users
alias_maps =
recipient_delimiter = +
virtual_mailbox_domains = {DOMAIN}, later.example
virtual_mailbox_maps = texthash:{folder}/boxes
virtual_mailbox_base = {self.folder}/mail
virtual_uid_maps = static:{self._nobody.pw_uid}
virtual_gid_maps = static:{self._nobody.pw_gid}
virtual_minimum_uid = 1
virtual_transport = lmtp:inet:{self.host}:{self._lmtp_port}
transport_maps = texthash:{folder}/transport
default_transport = error:this host sends nothing away
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access,
    permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = {self.folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {self.folder}/auth
smtpd_client_connection_rate_limit = 0
smtpd_error_sleep_time = 0
smtpd_junk_command_limit = 10000
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
""")
        (folder / "master.cf").write_text(f"""
{self.host}:{self.smtp_port} inet n - n - - smtpd
{self.host}:{self.tls_port} inet n - n - - smtpd
    -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")

    def _postfix(self, command: str, *, quiet: bool = False) -> None:
        done = subprocess.run(
            [_found("postfix"), "-c", self.folder / "postfix", command],
            capture_output=True,
            text=True,
        )
        if done.returncode and not quiet:
            raise MissingServerError(f"postfix {command} failed: {done.stderr} {self.log()}")

    def _wait_for(self, port: int) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                with socket.create_connection((self.host, port), 1):
                    return
            except OSError:
                ended = self._dovecot.poll() is not None or (
                    self._master is not None and self._master.poll() is not None
                )
                if ended or time.monotonic() > until:
                    raise MissingServerError(
                        f"the mail host does not start: {self.log()}"
                    ) from None
                time.sleep(0.05)


def _programs() -> Path:
    """Return where Postfix keeps its daemons. Raises `MissingServerError`."""
    for program in ("postfix", "dovecot"):
        _found(program)
    daemons = next((Path(one) for one in _DAEMONS if (Path(one) / "master").exists()), None)
    if daemons is None:
        raise MissingServerError("Postfix is installed, but its daemons are nowhere to be found")
    if os.geteuid() != 0:
        raise MissingServerError(
            "Postfix is only started by root: run these tests in a container, or as root"
        )
    said = subprocess.run([_found("dovecot"), "--version"], capture_output=True, text=True).stdout
    if not said.startswith("2.3."):
        raise MissingServerError(f"the tests configure Dovecot 2.3, and this is {said.strip()}")
    return daemons


def _found(program: str) -> str:
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if path is None:
        raise MissingServerError(
            f"{program} is not installed: `make test` installs it, or tests/install-servers"
        )
    return path


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@pytest.fixture(scope="session")
def running_mail_host() -> Iterator[MailHost]:
    """A running mail host; the test is skipped where there is none, and fails under CI."""
    try:
        host = MailHost()
    except MissingServerError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    yield host
    host.stop()


@pytest.fixture
def mail_host(running_mail_host: MailHost) -> MailHost:
    """The mail host, with empty mailboxes."""
    running_mail_host.empty()
    return running_mail_host
