"""Signs and verifies webhooks as the Standard Webhooks specification 1.0 says (symmetric, `v1`).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes that the specification allows a key to have."""


def key_of(secret: str) -> bytes:
    """Read `whsec_<base64>`, the prefix may be missing. Raises `ValueError`, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("what stands behind whsec_ is not Base64") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"it holds {len(key)} bytes, not {SHORTEST} to {LONGEST}")
    return key


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` of a message: `v1,` and a Base64 HMAC-SHA256.

    `timestamp` is in seconds since 1970, and is sent as `webhook-timestamp`; `id` as `webhook-id`.
    """
    signed = f"{id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def sample_secret(seed: bytes) -> str:
    """Make a secret of random bytes, in the form that is written down."""
    return PREFIX + base64.b64encode(seed).decode()
