"""What comes back: answers to mails, and what to make of them."""
