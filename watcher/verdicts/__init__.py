"""What people's verdicts on suspects teach: lessons, and what they change in the configuration.

lessons.py   what the verdicts say of each brand, and which suspects that would have hidden
proposal.py  the lessons as a change of the user's own file
"""

from watcher.verdicts.lessons import Key, Lesson, Lessons, draw
from watcher.verdicts.proposal import Proposal, propose

__all__ = ["Key", "Lesson", "Lessons", "Proposal", "draw", "propose"]
