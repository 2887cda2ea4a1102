"""How urgent news stand: who has acknowledged them, or that nobody has."""

from watcher.cli.console import safe
from watcher.store import AlarmRecord, DigestRecord


def answered(record: DigestRecord | AlarmRecord) -> str:
    """Return who has acknowledged a digest or an alarm, in a few words; empty where nobody need."""
    if record.acknowledged is not None:
        # Nobody has to see to the note that an alarm is over.
        return f"by {safe(record.acknowledged_by, 30)}" if record.acknowledged_by else "-"
    if isinstance(record, AlarmRecord):
        return "over" if record.ended else "no"
    if not record.urgent:
        return ""
    return "no, escalated" if record.escalation else "no"
