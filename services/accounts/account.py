"""The accounts of an installation: who may enter, and as what. One stream, `accounts`, holds all of them (`services.vocabulary.accounts`).

A login is recorded as a digest that the installation's key made: of the subject at an issuer, or of an e-mail address. Nobody gives or
takes what they do not hold themselves (`services.accounts.authority`), and one administrator is always left.
"""

from datetime import date
from typing import assert_never

from msgspec import Struct

from services.accounts.authority import check_may_manage, check_not_own, is_left_without_administrator
from services.accounts.coded_values import AccessReason
from services.accounts.commands import (
    AddLogin,
    CloseAccount,
    Command,
    GiveGrant,
    OpenAccount,
    RemoveLogin,
    ResumeAccount,
    SuspendAccount,
    WithdrawGrant,
)
from services.vocabulary.accounts import STREAM, Account, Grant, Register
from services.vocabulary.roles import NEVER_GRANTED, SPEAK_FOR_AN_ORGANISATION, Role
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class AccountOpened(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    login: Identifier | None  # a keyed digest
    on: date


class LoginAdded(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    login: Identifier
    on: date


class LoginRemoved(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    login: Identifier
    on: date


class AccountSuspended(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    reason: AccessReason
    on: date


class AccountResumed(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    reason: AccessReason
    on: date


class AccountClosed(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    reason: AccessReason
    on: date


class GrantGiven(Struct, frozen=True, tag=True, kw_only=True):
    """`territories` may name the whole programme (`all`); the grant holds on both days, and for ever without `until`."""

    account: Identifier
    grant: Identifier
    role: Role
    organisation: Identifier
    territories: list[Code]
    since: date
    until: date | None
    reason: AccessReason
    on: date


class GrantWithdrawn(Struct, frozen=True, tag=True, kw_only=True):
    account: Identifier
    grant: Identifier
    reason: AccessReason
    on: date


Event = AccountOpened | LoginAdded | LoginRemoved | AccountSuspended | AccountResumed | AccountClosed | GrantGiven | GrantWithdrawn

# State: what is true -------------------------------------------------------------------------------------------------

initial = Register()


def evolve(state: Register, event: Event) -> Register:
    if isinstance(event, AccountOpened):
        return state.with_account(Account(event.account, frozenset([event.login] if event.login else [])))
    account = state.accounts[event.account]
    match event:
        case LoginAdded(login=login):
            return state.changed(account.id, logins=account.logins | {login})
        case LoginRemoved(login=login):
            return state.changed(account.id, logins=account.logins - {login})
        case AccountSuspended():
            return state.changed(account.id, status="suspended", stops=account.stops + 1)
        case AccountResumed():
            return state.changed(account.id, status="active")
        case AccountClosed():
            return state.changed(account.id, status="closed", logins=frozenset(), grants=())
        case GrantGiven():
            grant = Grant(event.grant, event.role.value, event.organisation, event.territories, event.since, event.until)
            return state.changed(account.id, grants=(*account.grants, grant), used=account.used | {grant.id})
        case GrantWithdrawn(grant=id):
            return state.changed(account.id, grants=tuple(grant for grant in account.grants if grant.id != id))
        case _:
            assert_never(event)


def stream(command: Command) -> str:
    return STREAM


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: Register, command: Command) -> list[Event]:
    event = open_account(state, command) if isinstance(command, OpenAccount) else of_known(state, known(state, command), command)
    if is_left_without_administrator(state, evolve(state, event)):
        raise Refused("last_administrator")
    return [event]


def open_account(state: Register, command: OpenAccount) -> Event:
    if command.account in state.accounts:
        raise Refused("account_already_exists")
    if command.login:
        check_free(state, command.login)
    return AccountOpened(account=command.account, login=command.login, on=command.on)


def check_free(state: Register, login: str) -> None:
    if login in state.owners:
        raise Refused("login_taken")


def known(state: Register, command: Command) -> Account:
    account = state.accounts.get(command.account)
    if account is None:
        raise Refused("account_unknown")
    if account.status == "closed":
        raise Refused("account_closed")
    return account


def of_known(state: Register, account: Account, command: Command) -> Event:
    match command:
        case GiveGrant():
            check_not_own(command)
            return give(account, command)
        case WithdrawGrant():
            return withdraw(account, command)
        case OpenAccount():
            raise AssertionError("an account that is known is not opened")
        case _:
            check_may_manage(command, account.grants)
            return of_managed(state, account, command)


def of_managed(state: Register, account: Account, command: AddLogin | RemoveLogin | SuspendAccount | ResumeAccount | CloseAccount) -> Event:
    """What concerns an account with all its grants: only who could have given every one of them decides it."""
    id, on = account.id, command.on
    match command:
        case AddLogin(login=login):
            check_not_own(command)
            check_free(state, login)
            return LoginAdded(account=id, login=login, on=on)
        case RemoveLogin(login=login):
            if login not in account.logins:
                raise Refused("login_unknown")
            return LoginRemoved(account=id, login=login, on=on)
        case SuspendAccount(reason=reason):
            if account.status != "active":
                raise Refused("account_already_suspended")
            return AccountSuspended(account=id, reason=reason, on=on)
        case ResumeAccount(reason=reason):
            check_not_own(command)
            if account.status != "suspended":
                raise Refused("account_not_suspended")
            return AccountResumed(account=id, reason=reason, on=on)
        case CloseAccount(reason=reason):
            return AccountClosed(account=id, reason=reason, on=on)
        case _:
            assert_never(command)


def give(account: Account, command: GiveGrant) -> Event:
    since, role = command.since or command.on, command.granted_role
    if role in NEVER_GRANTED:
        raise Refused("role_never_granted")
    if role in SPEAK_FOR_AN_ORGANISATION and not command.granted_organisation:
        raise Refused("grant_without_organisation")
    if command.until is not None and command.until < since:
        raise Refused("grant_ends_before_it_begins")
    if command.grant in account.used:
        raise Refused("grant_already_exists")
    organisation = command.granted_organisation or ""
    grant = Grant(command.grant, role.value, organisation, command.granted_territories, since, command.until)
    check_may_manage(command, [grant])
    return GrantGiven(
        account=account.id,
        grant=grant.id,
        role=role,
        organisation=organisation,
        territories=grant.territories,
        since=since,
        until=grant.until,
        reason=command.reason,
        on=command.on,
    )


def withdraw(account: Account, command: WithdrawGrant) -> Event:
    grant = account.grant(command.grant)
    if grant is None:
        raise Refused("grant_unknown")
    if command.by != account.id:
        check_may_manage(command, [grant])
    return GrantWithdrawn(account=account.id, grant=grant.id, reason=command.reason, on=command.on)


decider = Decider("accounts", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
