"""Trying a rule out: on which posts, what it finds there, and the mails that this would bring.

corpus.py    posts to try a rule on: those stored, a file, a pasted one; with judgements
trial.py     one or several rules over them: counts, samples, quality
mails.py     when a channel would have mailed
contrast.py  two rules over the same posts: what the one finds and the other does not
proposal.py  a suggestion as a change of the user's file, and what it would lose
"""
