"""Bettering a rule: why it fits a post or not, how right it is, what to exclude or to ask for."""
