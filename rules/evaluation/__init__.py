"""What the nodes of an expression tree do with a post; `rules.evaluator` is the way in."""
