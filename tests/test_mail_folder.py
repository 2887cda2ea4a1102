"""Mails written into a folder, for those without a server."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest

from alerts import MailFolder
from alerts.digest.composing import compose
from alerts.model import Delivery, DeliveryError
from alerts.words.render import Templates, mails
from tests.alert_samples import BRAND, NOW, SLOT, email, full
from watcher import files


def delivery(number=7):
    made = compose(email(), full(), SLOT, NOW, [BRAND], "Europe/Paris")
    [mail] = mails(Templates(files.templates()), made, "watch@plivelo.example", email().to)
    return Delivery(
        id=number, channel="daily/../x", recipient=mail.recipient, message_id=mail.message_id,
        payload=mail.payload, created=datetime(2026, 3, 10, tzinfo=UTC),
    )  # fmt: skip


def test_a_mail_and_its_preview_are_written_and_once_more_gives_the_same_files(tmp_path):
    sender = MailFolder(folder=tmp_path / "outbox").open()
    begun = []
    for _ in range(2):
        answer = sender.send(delivery(), lambda: begun.append(True))
    names = sorted(path.name for path in (tmp_path / "outbox").iterdir())
    assert names == ["000007-daily-x.eml", "000007-daily-x.html"]
    assert str(tmp_path / "outbox" / names[0]) in answer
    assert len(begun) == 2
    stored = (tmp_path / "outbox" / names[0]).read_bytes()
    assert stored == delivery().payload
    html = message_from_bytes(stored, policy=policy.default).get_body(("html",)).get_content()
    assert (tmp_path / "outbox" / names[1]).read_bytes() == html.encode()


def test_a_folder_that_cannot_be_written_is_temporary(tmp_path):
    (tmp_path / "file").write_text("")
    table = MailFolder(folder=tmp_path / "file")
    assert [p.code for p in table.problems()] == ["no-folder"]
    sender = table.open()
    with pytest.raises(DeliveryError) as error:
        sender.send(delivery(), lambda: None)
    assert error.value.kind == "temporary"
    with pytest.raises(DeliveryError):
        sender.check()
    assert "written to" in MailFolder(folder=tmp_path / "new").open().check()
