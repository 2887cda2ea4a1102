"""The rule language: from a `find` expression to a tree."""
