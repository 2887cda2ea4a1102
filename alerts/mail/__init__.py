"""A digest as a mail, and the ways out for it."""
