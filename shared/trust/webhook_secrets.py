"""The secrets of webhooks and the signatures made with them, as Standard Webhooks 1.0 asks for.

A secret is stored nowhere: it follows from the key of this purpose, the id of the webhook and a number that each rotation raises.
Whoever knows one secret can compute no other.
"""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

PURPOSE = "webhook secrets"
PREFIX = "whsec_"


class WebhookSecrets:
    """`key` is that of this purpose."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def secret(self, webhook: str, version: int) -> str:
        """A secret as its owner is shown it: `whsec_`, and 32 bytes in base64."""
        return PREFIX + b64encode(self.raw(webhook, version)).decode()

    def raw(self, webhook: str, version: int) -> bytes:
        return hmac.digest(self.key, f"{version}/{webhook}".encode(), sha256)

    def signatures(self, webhook: str, versions: Sequence[int], message: str, timestamp: int, body: bytes) -> str:
        """The header `webhook-signature`: a signature with each of these versions of the secret, separated by spaces."""
        content = b"%b.%d.%b" % (message.encode(), timestamp, body)
        digests = (hmac.digest(self.raw(webhook, version), content, sha256) for version in versions)
        return " ".join(f"v1,{b64encode(digest).decode()}" for digest in digests)
