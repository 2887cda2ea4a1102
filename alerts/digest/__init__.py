"""What a digest says, before words and layout: which posts, in which order, and what is unusual."""
