"""How often a rule matches, judged: one file per kind of rate, each its own `rate = { }` table.

`Rate` is the registry. Pure: a rate is given what is known (`Record`) and returns alarms. It keeps
nothing itself, so that a restart, or another order of arrival, changes nothing.
"""

from rules.rates.cardinality import Cardinality
from rules.rates.flatline import Flatline
from rules.rates.frequency import Frequency
from rules.rates.length import length
from rules.rates.model import Alarm, Event, History, Record, Sight
from rules.rates.new_term import NewTerm
from rules.rates.spike import Spike

Rate = Frequency | Spike | Flatline | NewTerm | Cardinality

__all__ = [
    "Alarm",
    "Cardinality",
    "Event",
    "Flatline",
    "Frequency",
    "History",
    "NewTerm",
    "Rate",
    "Record",
    "Sight",
    "Spike",
    "length",
]
