"""Where findings go: mails, chats, webhooks and feeds, each kind as its TOML table."""
