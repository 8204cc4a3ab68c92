"""Accounts over HTTP: those that there are, and the digest of a login, which commands on accounts name.

Commands on accounts are commands like any other. An address or a subject is in none of them: `POST /v1/login-digests` is asked first.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Literal

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import Members, json_response, read_object
from services.gateway.current_accounts import CurrentAccounts
from services.gateway.dependencies import GatewayDeps
from services.gateway.logins import Logins
from services.gateway.read_access import ReadAccess
from services.gateway.request_context import RequestContext
from services.vocabulary.accounts import Account, Grant
from services.vocabulary.french import VALIDATION
from shared.command_schema import flatten
from shared.errors import Invalid
from shared.trust.access import Identity
from shared.validation import schema_of

ACTION = "read_accounts"
OPENING = "OpenAccount"
EMAIL = r"^[^@\s]{1,64}@[^@\s]{1,185}$"


class GrantAnswer(Struct, frozen=True):
    """What an account may enter as, from a day to a day. `current` is whether it lets somebody in today."""

    grant: str
    role: str
    organisation: str
    territories: list[str]
    since: date
    until: date | None
    current: bool


class AccountAnswer(Struct, frozen=True):
    """An account as it is. `logins` are digests."""

    account: str
    status: Literal["active", "suspended", "closed"]
    logins: list[str]
    grants: list[GrantAnswer]


class Accounts(Struct, frozen=True):
    accounts: Sequence[AccountAnswer]


class LoginToDigest(Struct, frozen=True):
    """An e-mail address, or a subject with its issuer."""

    email: Annotated[str, Meta(pattern=EMAIL, max_length=250)] | None = None
    issuer: Annotated[str, Meta(max_length=250)] | None = None
    subject: Annotated[str, Meta(max_length=255)] | None = None


LOGIN_TO_DIGEST = schema_of(LoginToDigest, VALIDATION)()


class AccountsApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, accounts: CurrentAccounts) -> None:
        self.access = access
        self.accounts = accounts
        self.logins = Logins(deps.sessions_signer.key)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/accounts", methods=["GET"], endpoint=self.index)
        yield Rule("/v1/login-digests", methods=["POST"], endpoint=self.digest)

    def index(self, context: RequestContext) -> Response:
        """Read from the log at that moment: who has just recorded something sees it."""
        return json_response(Accounts(self.answers(context.known())))

    def answers(self, identity: Identity) -> Sequence[AccountAnswer]:
        """All accounts, for who may read them.

        Raises:
            Forbidden: they may not.
            Unavailable: the log cannot be read.
        """
        self.access.check_somewhere(identity, ACTION)
        self.accounts.refresh()
        return [self.answer(account) for _, account in sorted(self.accounts.register.accounts.items())]

    def answer(self, account: Account) -> AccountAnswer:
        current = self.accounts.grants(account)
        grants = [told(grant, grant in current) for grant in account.grants]
        return AccountAnswer(account.id, account.status, sorted(account.logins), grants)

    def digest(self, context: RequestContext) -> Response:
        self.access.check_somewhere(context.known(), OPENING)
        return json_response({"login": self.of(read_login_to_digest(read_object(context.request)))}, 201)

    def of(self, login: LoginToDigest) -> str:
        if login.email:
            return self.logins.of_email(login.email)
        return self.logins.of_subject(login.issuer or "", login.subject or "")


def told(grant: Grant, current: bool) -> GrantAnswer:
    return GrantAnswer(grant.id, grant.role, grant.organisation, grant.territories, grant.since, grant.until, current)


def read_login_to_digest(data: Members) -> LoginToDigest:
    """What is to be told the digest of: one login, whole.

    Raises:
        Invalid: it is none, or two.
    """
    try:
        login = msgspec.convert(LOGIN_TO_DIGEST.load(data), LoginToDigest)
    except ValidationError as failure:
        raise Invalid(flatten(failure.messages)) from failure
    of_subject = login.issuer and login.subject
    if bool(login.email) == bool(of_subject) or (login.email and (login.issuer or login.subject)):
        raise Invalid({"_": ["Une adresse électronique est attendue, ou un sujet avec son émetteur."]})
    return login
