"""Links that open one session, soon after an administrator made them (`parcours setup`): the first login of an installation (ADR 60).

The secret of a link is known to whoever holds it. The records of the gateways keep its digest, until when it opens, and what it opens,
sealed together with the key of the installation: who reads these records cannot enter, and who writes to them cannot either.
"""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe

import msgspec
from msgspec import Struct

from services.gateway.problems import Problem
from shared.store.gateway_records import GatewayRecords
from shared.time import Clock
from shared.trust.access import Identity
from shared.trust.seals import Seals, key_for

PURPOSE = "login links"
PATH = "/lien"
SECRET_BYTES = 32

Redeem = Callable[[str, int], str | None]
"""`GatewayRecords.redeem_link`, from a green thread."""


class Opens(Struct, frozen=True):
    """What a link opens: a session as `identity`, with a `grant` of their account.

    `link` is the digest of its secret, so that this is worth nothing under another.
    """

    link: str
    identity: Identity
    grant: str = ""


class LoginLinks:
    def __init__(self, key: bytes, clock: Clock) -> None:
        self.seals = Seals(key_for(PURPOSE, key))
        self.clock = clock

    def issue(self, records: GatewayRecords, identity: Identity, grant: str, lifetime: timedelta) -> str:
        """The secret of a new link, which is kept nowhere."""
        secret = token_urlsafe(SECRET_BYTES)
        link = digest_of(secret)
        sealed = self.seals.sealed(msgspec.json.encode(Opens(link, identity, grant)).decode())
        records.keep_link(link, sealed, int((self.clock() + lifetime).timestamp()))
        return secret

    def redeem(self, secret: str, redeem: Redeem) -> Opens:
        """What a link opens, once.

        Raises:
            Problem: 403, it opens nothing (any more).
        """
        link = digest_of(secret)
        sealed = redeem(link, int(self.clock().timestamp()))
        if sealed is None or not self.seals.genuine(sealed):
            raise not_valid()
        opens = msgspec.json.decode(sealed.rpartition(".")[0], type=Opens)
        if opens.link != link:
            raise not_valid()
        return opens


def digest_of(secret: str) -> str:
    return sha256(secret.strip().encode()).hexdigest()


def address_of(site: str, secret: str) -> str:
    """The secret stands behind the #, which no browser sends: it is in no log of a server or proxy, and no preview of the link sees it."""
    return f"{site.rstrip('/')}{PATH}#{secret}"


def not_valid() -> Problem:
    detail = "Un lien ouvre une seule session, peu après avoir été fait. Demandez-en un autre à qui exploite ce système."
    return Problem(403, "login_link_not_valid", "Ce lien n’ouvre rien", detail)
