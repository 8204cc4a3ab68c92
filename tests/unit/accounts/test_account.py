"""Who may enter and as what: what is accepted, from whom, and what follows."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.accounts import commands
from services.accounts.account import (
    AccountClosed,
    AccountOpened,
    AccountResumed,
    AccountSuspended,
    GrantGiven,
    GrantWithdrawn,
    LoginAdded,
    LoginRemoved,
    decider,
)
from services.accounts.coded_values import AccessReason
from services.vocabulary.roles import Role
from tests.harness.specification import Given, given

DAY = date(2024, 5, 13)
WHY = AccessReason.PRISE_DE_FONCTION
ADMINISTRATOR = {"by": "admin-1", "role": "administrator", "territories_of_actor": ["*"]}
COORDINATOR = {"by": "coord-1", "role": "coordinator", "territories_of_actor": ["alencon"]}
EVERYWHERE = {**COORDINATOR, "territories_of_actor": ["*"]}
SYSTEM = {"by": "parcours", "role": "system", "territories_of_actor": ["*"]}
MAIL, SUBJECT = f"email:{'a' * 64}", f"subject:{'b' * 64}"
MANAGED = [("SuspendAccount", {"reason": WHY}), ("CloseAccount", {"reason": WHY}), ("AddLogin", {"login": SUBJECT})]


def asked(name: str, who: dict[str, Any] = ADMINISTRATOR, account: str = "nadia", **data: Any) -> Any:
    return getattr(commands, name)(account=account, on=DAY, **who, **data)


def grant(who: dict[str, Any] = ADMINISTRATOR, role: Role = Role.COACH, *places: str, id: str = "g-1", **more: Any) -> Any:
    return asked("GiveGrant", who, grant=id, granted_role=role, granted_territories=list(places or ("alencon",)), reason=WHY, **more)


def opened(account: str = "nadia", login: str | None = MAIL) -> AccountOpened:
    return AccountOpened(account=account, login=login, on=DAY)


def granted(account: str = "nadia", role: Role = Role.COACH, *places: str, id: str = "g-1", until: date | None = None) -> GrantGiven:
    return GrantGiven(
        account=account,
        grant=id,
        role=role,
        organisation="",
        territories=list(places or ("alencon",)),
        since=DAY,
        until=until,
        reason=WHY,
        on=DAY,
    )


ADMIN_1 = opened("admin-1", SUBJECT.replace("b", "1")), granted("admin-1", Role.ADMINISTRATOR, "all")
ADMIN_2 = opened("admin-2", SUBJECT.replace("b", "2")), granted("admin-2", Role.ADMINISTRATOR, "all")
SUSPENDED = AccountSuspended(account="nadia", reason=WHY, on=DAY)
CLOSED = AccountClosed(account="nadia", reason=WHY, on=DAY)
WITHDRAWN = GrantWithdrawn(account="nadia", grant="g-1", reason=WHY, on=DAY)


def test_an_account_is_opened_once_and_its_id_is_never_used_again() -> None:
    after = given(decider).when(asked("OpenAccount", login=MAIL)).then(opened())
    after.when(asked("OpenAccount")).then_refused("account_already_exists")
    given(decider, opened(), CLOSED).when(asked("OpenAccount")).then_refused("account_already_exists")


def test_a_login_leads_to_one_account() -> None:
    one = given(decider, opened())
    one.when(asked("OpenAccount", account="other", login=MAIL)).then_refused("login_taken")
    two = given(decider, opened(), opened("other", None))
    two.when(asked("AddLogin", account="other", login=MAIL)).then_refused("login_taken")
    two.when(asked("AddLogin", login=MAIL)).then_refused("login_taken")
    two.when(asked("AddLogin", account="other", login=SUBJECT)).then(LoginAdded(account="other", login=SUBJECT, on=DAY))


def test_a_login_that_is_removed_and_those_of_a_closed_account_are_free() -> None:
    removed = given(decider, opened()).when(asked("RemoveLogin", login=MAIL)).then(LoginRemoved(account="nadia", login=MAIL, on=DAY))
    removed.when(asked("RemoveLogin", login=MAIL)).then_refused("login_unknown")
    for history in (removed, given(decider, opened(), CLOSED)):
        history.when(asked("OpenAccount", account="other", login=MAIL)).then(opened("other"))


def test_a_grant_is_given_from_a_day_to_a_day_and_withdrawn_once() -> None:
    until = DAY + timedelta(days=30)
    after = given(decider, opened()).when(grant(until=until)).then(granted(until=until))
    after.when(grant()).then_refused("grant_already_exists")
    withdrawn = after.when(asked("WithdrawGrant", grant="g-1", reason=WHY)).then(WITHDRAWN)
    withdrawn.when(asked("WithdrawGrant", grant="g-1", reason=WHY)).then_refused("grant_unknown")
    withdrawn.when(grant()).then_refused("grant_already_exists")
    given(decider, opened()).when(grant(since=DAY, until=DAY - timedelta(days=1))).then_refused("grant_ends_before_it_begins")


def test_what_a_grant_says_makes_sense() -> None:
    start = given(decider, opened())
    start.when(grant(role=Role.SYSTEM)).then_refused("role_never_granted")
    start.when(grant(SYSTEM, Role.SYSTEM)).then_refused("role_never_granted")
    start.when(grant(ADMINISTRATOR, Role.PARTNER)).then_refused("grant_without_organisation")
    (event,) = start.when(grant(ADMINISTRATOR, Role.PARTNER, granted_organisation="tiers-1")).events()
    assert event.organisation == "tiers-1"


def test_an_account_is_suspended_resumed_and_closed() -> None:
    suspended = given(decider, opened()).when(asked("SuspendAccount", reason=WHY)).then(SUSPENDED)
    suspended.when(asked("SuspendAccount", reason=WHY)).then_refused("account_already_suspended")
    resumed = suspended.when(asked("ResumeAccount", reason=WHY)).then(AccountResumed(account="nadia", reason=WHY, on=DAY))
    resumed.when(asked("ResumeAccount", reason=WHY)).then_refused("account_not_suspended")
    closed = resumed.when(asked("CloseAccount", reason=WHY)).then(CLOSED)
    for command in (asked("ResumeAccount", reason=WHY), grant(), asked("AddLogin", login=SUBJECT)):
        closed.when(command).then_refused("account_closed")
        given(decider).when(command).then_refused("account_unknown")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM], ids=lambda role: role.value)
def test_a_coordinator_gives_what_is_less_than_coordination_where_they_act(role: Role) -> None:
    start, more = given(decider, opened()), {"granted_organisation": "tiers-1"}
    start.when(grant(ADMINISTRATOR, role, "all", **more)).events()
    if role in {Role.COACH, Role.PRESCRIBER, Role.PARTNER, Role.COMMITTEE, Role.PARTICIPANT}:
        start.when(grant(COORDINATOR, role, "alencon", **more)).events()
        start.when(grant(EVERYWHERE, role, "all", **more)).events()
    else:
        start.when(grant(EVERYWHERE, role, "alencon", **more)).then_refused("beyond_own_grants")
    for places in (("flers",), ("alencon", "flers"), ("all",)):
        start.when(grant(COORDINATOR, role, *places, **more)).then_refused("beyond_own_grants")
        start.when(grant({**ADMINISTRATOR, "territories_of_actor": ["alencon"]}, role, *places, **more)).then_refused("beyond_own_grants")


@pytest.mark.parametrize(("name", "data"), MANAGED, ids=lambda each: each if isinstance(each, str) else "")
def test_who_could_not_have_given_a_grant_neither_takes_it_nor_touches_its_account(name: str, data: dict[str, Any]) -> None:
    """Otherwise a coordinator who adds a login of their own to the account of an auditor would be an auditor."""
    auditor = given(decider, opened(), granted(), granted("nadia", Role.AUDITOR, "all", id="g-2"))
    auditor.when(asked(name, COORDINATOR, **data)).then_refused("beyond_own_grants")
    auditor.when(asked("WithdrawGrant", COORDINATOR, grant="g-2", reason=WHY)).then_refused("beyond_own_grants")
    auditor.when(asked("WithdrawGrant", COORDINATOR, grant="g-1", reason=WHY)).then(WITHDRAWN)
    given(decider, opened(), granted()).when(asked(name, COORDINATOR, **data)).events()
    auditor.when(asked(name, **data)).events()


def test_nobody_gives_themselves_anything() -> None:
    administered = given(decider, *ADMIN_1, *ADMIN_2)
    own: dict[str, Any] = {"account": "admin-1"}
    administered.when(asked("AddLogin", **own, login=MAIL)).then_refused("own_account")
    administered.when(
        asked("GiveGrant", **own, grant="g-2", granted_role=Role.COACH, granted_territories=["all"], reason=WHY)
    ).then_refused("own_account")
    suspended = given(decider, *ADMIN_1, *ADMIN_2, AccountSuspended(account="admin-1", reason=WHY, on=DAY))
    suspended.when(asked("ResumeAccount", **own, reason=WHY)).then_refused("own_account")
    administered.when(asked("WithdrawGrant", **own, grant="g-1", reason=WHY)).events()
    coach = {"by": "nadia", "role": "coordinator", "territories_of_actor": []}
    given(decider, opened(), granted()).when(asked("WithdrawGrant", coach, grant="g-1", reason=WHY)).then(WITHDRAWN)


LEAVING = [
    asked("WithdrawGrant", account="admin-1", grant="g-1", reason=WHY),
    asked("SuspendAccount", account="admin-1", reason=WHY),
    asked("CloseAccount", account="admin-1", reason=WHY),
    asked("CloseAccount", SYSTEM, account="admin-1", reason=WHY),
]
NOT_ENOUGH: list[tuple[Any, ...]] = [
    (),
    (opened(), granted("nadia", Role.ADMINISTRATOR, "alencon")),
    (opened(), granted("nadia", Role.ADMINISTRATOR, "all", until=DAY + timedelta(days=900))),
    (opened(), granted("nadia", Role.ADMINISTRATOR, "all"), SUSPENDED),
    (opened(), granted("nadia", Role.ADMINISTRATOR, "all"), WITHDRAWN),
    (opened(), granted("nadia", Role.COORDINATOR, "all")),
]


@pytest.mark.parametrize("command", LEAVING, ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("others", NOT_ENOUGH, ids=["nobody", "of a territory", "for a time", "suspended", "withdrawn", "coordinator"])
def test_the_last_administrator_stays(command: Any, others: tuple[Any, ...]) -> None:
    given(decider, *ADMIN_1, *others).when(command).then_refused("last_administrator")
    given(decider, *ADMIN_1, *others, *ADMIN_2).when(command).events()


def test_where_nobody_administers_yet_nothing_is_in_the_way() -> None:
    given(decider, opened(), granted()).when(asked("CloseAccount", reason=WHY)).then(CLOSED)


def test_what_the_register_tells_of_a_day() -> None:
    history: Given = given(decider, opened(), granted(until=DAY + timedelta(days=1)), opened("other", SUBJECT))
    register = history.state
    assert register.of_login(MAIL) is register.accounts["nadia"]
    assert register.of_login("email:unknown") is None
    held = {days: [each.id for each in register.accounts["nadia"].current(DAY + timedelta(days=days))] for days in (-1, 0, 1, 2)}
    assert held == {-1: [], 0: ["g-1"], 1: ["g-1"], 2: []}
    suspended = given(decider, opened(), granted(), SUSPENDED).state
    assert (suspended.accounts["nadia"].current(DAY), suspended.accounts["nadia"].stops) == ([], 1)
    assert given(decider, opened(), CLOSED).state.of_login(MAIL) is None
