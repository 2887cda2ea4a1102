"""What to do about a match: digests, deliveries, follows."""
