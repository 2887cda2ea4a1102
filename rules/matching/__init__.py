"""Many rules at once, without asking each of them; `rules.matcher` is the way in.

presearch  a few terms that each rule needs
words      rules by the words, beginnings of words and nearly right words that they need
filed      rules by all that they need, and which of them a post brings up
decide     whether a post that brings a rule up matches it, yes or no
rulebook   all of it for some rules, and made anew when some of them change
"""
