"""How brands are spoken of: which posts count for them, in which tone, and who still waits."""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Table, false

from watcher.store.columns import Key, Moment, RowId, Words
from watcher.store.schema.naming import metadata

spoken = Table(  # which posts speak of which brand, whatever the rules: to compare how many do
    "spoken",
    metadata,
    Column("brand", Key, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), primary_key=True, index=True),
    # When the post was written, and never later than it was matched.
    Column("posted_at", Moment, nullable=False),
    # `negative`, `neutral` or `positive`; empty where nothing could tell.
    Column("tone", Key, nullable=False, server_default=""),
    # How likely the tone is, 0 to 1, as the model takes it; 1 where a person said it.
    Column("confidence", Float(53)),
    # What the model told, where `tone` and `confidence` are what a person said instead.
    Column("told", Key, nullable=False, server_default=""),
    Column("told_confidence", Float(53)),
    # Its words in short: posts with the same ones say the same.
    Column("said", Key, nullable=False, server_default=""),
    # Whether somebody complains in it.
    Column("complaint", Boolean, nullable=False, server_default=false()),
    # How likely it is about the brand and not the common word, 0 to 1; None where nobody asked.
    Column("relevance", Float(53)),
    # Whether that is clearly too little: it is counted for nothing, and not told.
    Column("left_out", Boolean, nullable=False, server_default=false()),
    Index(None, "brand", "posted_at"),
    Index(None, "brand", "said"),
)

tone_judgements = Table(  # what people said of the tone in which posts speak of a brand: only grows
    "tone_judgements",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False, index=True),
    Column("brand", Key, nullable=False),
    Column("said", Key, nullable=False),  # the words of the post in short, as in `spoken`
    Column("tone", Words),  # None takes back what was said before
    Column("note", Words, nullable=False),
    Column("by", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "brand", "said"),
)

tone_corrections = Table(  # what was learnt from these judgements, where it helps
    "tone_corrections",
    metadata,
    Column("brand", Key, primary_key=True),
    Column("learnt", Words, nullable=False),  # JSON
    Column("at", Moment, nullable=False),
)

handled = Table(  # what colleagues did with posts that wait for an answer: only ever grows
    "handled",
    metadata,
    Column("row", RowId, primary_key=True),
    Column("rid", RowId, ForeignKey("posts.rid", ondelete="CASCADE"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    # `done`, `later` or `reopened`.
    Column("what", Key, nullable=False),
    # With `later`: when it is to be shown again.
    Column("until", Moment),
    Column("note", Words, nullable=False),
    Column("by", Words, nullable=False),
)

heard = Table(  # since when posts that speak of a brand are counted
    "heard",
    metadata,
    Column("brand", Key, primary_key=True),
    # Its spellings, in short: with other ones the counting begins anew.
    Column("form", Words, nullable=False),
    Column("since", Moment, nullable=False),
    # Posts up to this one came before the brand was known, and are not counted yet.
    Column("below", RowId, nullable=False, server_default="0"),
)
