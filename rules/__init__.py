"""What to look for: pure, no network, no SQL, no clock."""
