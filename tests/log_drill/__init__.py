"""The log drill: what the promise of the log is worth, recounted from the beginning.

    python -m tests.log_drill --posts 100000 --kills 20

On a durable PostgreSQL, several processes append numbered posts to the log, and write down with
`fsync` what the store said it has. Several workers and two services work it off, and mails go to a
real SMTP server. Appenders, workers and leaders are killed (`kill -9`) at random moments, and so
are PostgreSQL's processes: one connection's, and all of them. In the end it is counted what was
lost, what was done twice, and what differs from one process that did the same undisturbed, on
SQLite.
"""
