"""How the watcher speaks HTTP with strangers: bounded, polite, and never telling a secret.

`session.session(...)` is a `requests.Session` (Mastodon.py and tweepy take one),
`transport.BoundedTransport` the same for httpx (atproto takes it). Both ask a `Budget` before each
request and tell it of each answer. `errors.explained` turns whatever a client library raises into a
`BackendError`, `errors.of_status` a status and its headers.

Nothing is imported here: the libraries load when a source is opened.
"""
