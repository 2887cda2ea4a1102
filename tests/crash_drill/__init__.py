"""The crash drill: what the promise of delivery is worth, counted at the inbox.

    python -m tests.crash_drill --kills 500

A microblog is written to all the while, and a live `watcher run` mails what it finds to a real SMTP
server with bad manners. The service is killed (`kill -9`) at random moments and at every named
point, its disk fills up, its database server is restarted, its clock jumps, a second service is
started beside it. In the end one run is left alone until nothing waits, and then it is counted:
posts that a recipient was never told of (must be 0), copies beyond the first (at most one for each
crash), third copies (0), copies that are not identical to the byte (0).
"""
