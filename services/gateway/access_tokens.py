"""Access tokens of the issuer, for programs: who asks is the account of their subject, as what is one of its grants.

`Parcours-Grant` names the grant, where an account has several. A token counts for CHECKED_S without being checked again; that its account
still has the grant is looked at with each request, as with sessions.
"""

from hashlib import sha256

from werkzeug.wrappers import Request

from services.gateway.current_accounts import CurrentAccounts
from services.gateway.dependencies import NativeCall
from services.gateway.grants import identity_of
from services.gateway.oidc_accounts import OidcAccounts
from services.gateway.problems import Problem
from services.vocabulary.accounts import Account, Grant
from shared.errors import Forbidden
from shared.time import Clock
from shared.trust.oidc_tokens import LEEWAY_S, OidcTokens, Subject
from shared.trust.tokens import Entry, Token, cached

HEADER = "Parcours-Grant"
CHECKED_S = 60.0


class AccessTokens:
    def __init__(self, tokens: OidcTokens, accounts: CurrentAccounts, of: OidcAccounts, native: NativeCall, clock: Clock) -> None:
        self.tokens = tokens
        self.accounts = accounts
        self.of = of
        self.native = native
        self.clock = clock
        self.checked: dict[str, tuple[Subject, float]] = {}

    def read(self, token: str, request: Request) -> Token:
        """Who asks, and as what.

        Raises:
            Forbidden: the token is not valid, or leads to no account.
            Unavailable: the keys of the issuer cannot be read.
            Problem: 403, the account has no such grant, or several, and none is named.
        """
        who, now = self.subject(token), self.clock().timestamp()
        if who.expires + LEEWAY_S <= now:
            raise Forbidden("identity_not_valid")
        named = request.headers.get(HEADER)
        account, grant = self.asking(who, named)
        if grant is None:  # it may have been given a moment ago
            self.accounts.refresh()
            account, grant = self.asking(who, named)
        if account is None:
            raise Forbidden("identity_not_valid")
        if grant is None:
            raise grant_needed()
        id = f"access-{sha256(token.encode()).hexdigest()[:32]}"
        return Token(identity_of(account, grant), who.expires, id, Entry(grant.id, account.stops))

    def asking(self, who: Subject, named: str | None) -> tuple[Account | None, Grant | None]:
        """The account of a subject, and the one grant that it has, or names."""
        account = self.of.of_subject(who)
        found = [grant for grant in self.accounts.grants(account) if named in {None, grant.id}] if account else []
        return account, found[0] if len(found) == 1 else None

    def subject(self, token: str) -> Subject:
        now = self.clock().timestamp()
        who, until = self.checked.get(token, (None, 0.0))
        if who is not None and now < until:
            return who
        found: Subject = self.native(self.tokens.access, token)
        cached(self.checked, token, (found, now + CHECKED_S))
        return found


def grant_needed() -> Problem:
    detail = f"Ce compte a plusieurs habilitations, ou n’a pas celle-là : nommez-en une en vigueur dans l’en-tête {HEADER}."
    return Problem(403, "grant_needed", "Une habilitation est à choisir", detail)
