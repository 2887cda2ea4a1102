"""Which sources would feed the rules.

needs.py     what a rule has to be asked for: words, hashtags, accounts of which each post has one
places.py    the networks that can be asked: those configured, and those that somebody logged in to
bringing.py  what a source brings of what is asked for
proposal.py  the smallest set of sources there, and which rules each of them feeds
tables.py    sources as TOML to paste
"""
