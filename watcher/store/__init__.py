"""What must survive a crash: the only place that knows SQLAlchemy and Alembic."""

from alerts.model import OutgoingMail
from watcher.store.account_statistics import AccountStatistics
from watcher.store.accounts import Accounts
from watcher.store.acknowledging import Acknowledging
from watcher.store.beside import Beside
from watcher.store.brand_acts import BrandActs
from watcher.store.brand_counts import BrandCounts
from watcher.store.channels import Channels
from watcher.store.copies import Originals
from watcher.store.coverage import SourceCoverage
from watcher.store.deliveries import Deliveries
from watcher.store.earlier_counts import Earlier, EarlierCounts
from watcher.store.errors import NoSuchRecordError, StaleBatchError, StoreError
from watcher.store.evidence import Evidence, SeenPost, Sighting
from watcher.store.exclusive import lock_file, server_lock, shown_address
from watcher.store.exporting import Exports, Wanted
from watcher.store.figures import Figures, StoreFigures
from watcher.store.following import Following
from watcher.store.follows import Follows
from watcher.store.forgetting import Forgetting, Held
from watcher.store.from_histories import HISTORY
from watcher.store.handling import HandledRecord
from watcher.store.histories import Histories, History, Stretch
from watcher.store.holds import Holds
from watcher.store.housekeeping import Housekeeping
from watcher.store.inbox import Inbox
from watcher.store.jobs import Jobs
from watcher.store.judgements import Judgements
from watcher.store.leading import Lead, Leading, is_shared
from watcher.store.links import Links
from watcher.store.log import Appended, Log, StaleCursorError
from watcher.store.log_claim import Claim
from watcher.store.log_claimed import Examined, Keep, Look, SavedClaim
from watcher.store.log_reading import UnreadError
from watcher.store.matches import Findings, Matches
from watcher.store.measures import Measures
from watcher.store.people import People
from watcher.store.posts import Posts
from watcher.store.queue import Place, Places
from watcher.store.raising import linked_domains
from watcher.store.rates import OVER, Rates
from watcher.store.records import (
    AccountForm,
    AlarmRecord,
    AttemptRecord,
    Batch,
    ClaimedDelivery,
    DeliveryRecord,
    DigestRecord,
    FollowEvent,
    FreshMatches,
    HeldPosts,
    Judgement,
    JudgementRecord,
    Lane,
    MatchRecord,
    OpenAlarm,
    Outage,
    OutdatedDigest,
    PassedOver,
    ProposalRecord,
    SavedAlarms,
    SavedMatches,
    SavedPage,
    SilenceRecord,
    SkippedItem,
    SourceState,
    Status,
    StoredPost,
    SuspectDetail,
    SuspectEvent,
    SuspectEventKind,
    SuspectRecord,
    Unanswered,
    Unspoken,
    VerdictRecord,
    WaitingEntry,
)
from watcher.store.reported import Brought, Reported, SuspectNews
from watcher.store.returned import (
    Addressee,
    Return,
    ReturnedMails,
    ReturnedRecord,
    ReturnKind,
)
from watcher.store.revisits import Revisits, SavedRevisit, ToRevisit
from watcher.store.set_clock import SetClock
from watcher.store.silences import Silences
from watcher.store.slots import Slots, Turn, slot_of
from watcher.store.spending import Spending
from watcher.store.stories import Stories
from watcher.store.suppressions import SuppressionCause, SuppressionRecord, Suppressions
from watcher.store.surroundings import Around, Picture, Surroundings
from watcher.store.suspects import Suspects
from watcher.store.sweeps import NameState, Sweeps, SweptName, SweptSuspect
from watcher.store.talks import Talks
from watcher.store.tones import JudgedTone, SaidTone, ToneJudgement, ToneRecord, Tones
from watcher.store.workers import BEAT_EVERY, Role, WorkerRecord, Workers, otherwise


class Store(
    Posts,
    Accounts,
    AccountStatistics,
    Histories,
    SourceCoverage,
    Spending,
    Revisits,
    Matches,
    Originals,
    BrandActs,
    BrandCounts,
    EarlierCounts,
    People,
    Talks,
    Inbox,
    Judgements,
    Tones,
    Measures,
    Rates,
    Stories,
    Suspects,
    Sweeps,
    Evidence,
    Reported,
    Surroundings,
    Links,
    Log,
    Channels,
    Beside,
    Acknowledging,
    Silences,
    Holds,
    SetClock,
    Deliveries,
    ReturnedMails,
    Suppressions,
    Follows,
    Following,
    Slots,
    Leading,
    Workers,
    Forgetting,
    Exports,
    Jobs,
    Figures,
    Housekeeping,
):
    """Everything the watcher remembers, in one database. Safe to use from several threads.

    Nearly every method is one transaction: after a crash at any point it happened, or did not.
    Each raises `StoreError` when the database is full, locked, damaged or gone; then it did not
    happen. Those that forget (`forget_before`, `forget_account`) may have forgotten but a part,
    and go on from there when they are called again.
    """

    @classmethod
    def open(cls, url: str, *, migrate: bool = True) -> "Store":
        """Open the database at a SQLAlchemy URL: `sqlite:///path`, `postgresql+psycopg://...`.

        Creates a new one and upgrades an older one; with `migrate=False` it does neither and
        raises. Raises `StoreError` when it is newer than the program, damaged, not writable, full
        or unreachable.
        """
        return cls(url, migrate=migrate)


__all__ = [
    "BEAT_EVERY",
    "HISTORY",
    "OVER",
    "AccountForm",
    "Addressee",
    "AlarmRecord",
    "Appended",
    "Around",
    "AttemptRecord",
    "Batch",
    "Brought",
    "Claim",
    "ClaimedDelivery",
    "DeliveryRecord",
    "DigestRecord",
    "Earlier",
    "Examined",
    "Findings",
    "FollowEvent",
    "FreshMatches",
    "HandledRecord",
    "Held",
    "HeldPosts",
    "History",
    "JudgedTone",
    "Judgement",
    "JudgementRecord",
    "Keep",
    "Lane",
    "Lead",
    "Look",
    "MatchRecord",
    "NameState",
    "NoSuchRecordError",
    "OpenAlarm",
    "Outage",
    "OutdatedDigest",
    "OutgoingMail",
    "PassedOver",
    "Picture",
    "Place",
    "Places",
    "ProposalRecord",
    "Return",
    "ReturnKind",
    "ReturnedRecord",
    "Role",
    "SaidTone",
    "SavedAlarms",
    "SavedClaim",
    "SavedMatches",
    "SavedPage",
    "SavedRevisit",
    "SeenPost",
    "Sighting",
    "SilenceRecord",
    "SkippedItem",
    "SourceState",
    "StaleBatchError",
    "StaleCursorError",
    "Status",
    "Store",
    "StoreError",
    "StoreFigures",
    "StoredPost",
    "Stretch",
    "SuppressionCause",
    "SuppressionRecord",
    "SuspectDetail",
    "SuspectEvent",
    "SuspectEventKind",
    "SuspectNews",
    "SuspectRecord",
    "SweptName",
    "SweptSuspect",
    "ToRevisit",
    "ToneJudgement",
    "ToneRecord",
    "Turn",
    "Unanswered",
    "UnreadError",
    "Unspoken",
    "VerdictRecord",
    "WaitingEntry",
    "Wanted",
    "WorkerRecord",
    "is_shared",
    "linked_domains",
    "lock_file",
    "otherwise",
    "server_lock",
    "shown_address",
    "slot_of",
]
