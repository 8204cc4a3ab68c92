"""What is withdrawn is over: sessions, tickets and streams end with the grant or the account with which they were opened."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from services.gateway.logins import Logins
from services.gateway.session import SESSION_LIFETIME
from services.vocabulary.calendar import local_date
from shared.errors import Unavailable
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from tests.harness.accounts import give, granted
from tests.harness.world import LOCAL, World

NADIA = Identity(Actor("nadia", "coach", "etape"), ("alencon",))
ADMINISTRATOR = Identity(Actor("admin-1", "administrator"), ("*",))
WHY: dict[str, Any] = {"reason": "FIN_DE_FONCTION"}
MAIL = "Nadia.Benali@Etape.example"


@pytest.fixture
def closed(tmp_path: Path) -> World:
    """An installation without the development login, which has an administrator."""
    world = World(tmp_path, development_login=False)
    granted(world, ADMINISTRATOR)
    world.app.ended.refresh()
    return world


def bearer(world: World, identity: Identity = NADIA) -> dict[str, str]:
    """A session that was opened with a grant of an account."""
    grant = granted(world, identity)
    accounts = world.app.ended.accounts
    accounts.refresh()
    token = world.components.trust.sessions_signer.sign(identity, SESSION_LIFETIME, accounts.entry(identity, grant))
    return {"Authorization": f"Bearer {token}"}


def grant_of(world: World, account: str = "nadia") -> str:
    (grant,) = world.components.accounts().accounts[account].grants
    return grant.id


def status(world: World, headers: dict[str, str]) -> int:
    return world.client.get("/v1/me", headers=headers, **LOCAL).status_code


ENDS: dict[str, Callable[[World], object]] = {
    "withdrawn": lambda world: give(world, "WithdrawGrant", account="nadia", grant=grant_of(world), **WHY),
    "suspended": lambda world: give(world, "SuspendAccount", account="nadia", **WHY),
    "closed": lambda world: give(world, "CloseAccount", account="nadia", **WHY),
}
EVERY_END = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)


@EVERY_END
def test_a_session_ends_with_its_grant_and_its_account(closed: World, end: Callable[[World], object]) -> None:
    nadia, admin = bearer(closed), bearer(closed, ADMINISTRATOR)
    assert status(closed, nadia) == 200
    end(closed)
    closed.app.ended.refresh()
    assert status(closed, nadia) == 401
    assert status(closed, admin) == 200


@EVERY_END
@pytest.mark.parametrize("way", ["token", "ticket"])
def test_an_open_stream_ends_and_is_not_resumed(closed: World, way: str, end: Callable[[World], object]) -> None:
    closed.feed.start()
    headers = bearer(closed)
    address = "/v1/stream"
    if way == "ticket":
        issued = closed.client.post("/v1/stream-tickets", headers=headers, **LOCAL).json
        assert issued
        address, headers = issued["stream"], {}
    chunks = cast(Iterator[bytes], iter(closed.client.get(address, headers=headers, **LOCAL).response))
    last = next(chunks).decode().rpartition("id: ")[2].strip()
    end(closed)
    closed.app.ended.refresh()
    assert next(chunks, b"over") == b"over"
    again = closed.client.get(address, headers={**headers, "Last-Event-ID": last}, **LOCAL)
    assert again.status_code == 401


def test_a_grant_that_was_given_a_moment_ago_lets_in_at_every_gateway(closed: World) -> None:
    here = World(Path(closed.components.settings.data), development_login=False)
    headers = bearer(here)
    read: list[object] = []
    accounts = closed.app.ended.accounts
    reading = accounts.read
    accounts.read = lambda: read.append(None) or reading()  # type: ignore[func-returns-value]
    assert [status(closed, headers) for _ in range(3)] == [200, 200, 200]
    assert len(read) == 1, "once it is known it is not read again"
    give(closed, "WithdrawGrant", account="nadia", grant=grant_of(closed), **WHY)
    closed.app.ended.refresh()
    assert [status(closed, headers) for _ in range(3)] == [401, 401, 401]
    assert len(read) == 2


def test_no_session_of_before_is_open_again(closed: World) -> None:
    suspended, withdrawn = bearer(closed), bearer(closed, Identity(Actor("lea", "coach"), ("flers",)))
    give(closed, "SuspendAccount", account="nadia", **WHY)
    give(closed, "ResumeAccount", account="nadia", **WHY)
    give(closed, "WithdrawGrant", account="lea", grant=grant_of(closed, "lea"), **WHY)
    bearer(closed, Identity(Actor("lea", "coach"), ("flers",)))
    closed.app.ended.refresh()
    assert [status(closed, headers) for headers in (suspended, withdrawn, bearer(closed))] == [401, 401, 200]


def test_a_grant_lets_somebody_in_from_its_first_day_to_its_last(closed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    headers, today = bearer(closed), local_date(now())
    data: dict[str, Any] = {"granted_role": "coach", "granted_territories": ["flers"], "reason": "REMPLACEMENT"}
    tomorrow, later = today + timedelta(days=1), today + timedelta(days=2)
    give(closed, "GiveGrant", account="nadia", grant="g-2", since=tomorrow.isoformat(), until=later.isoformat(), **data)
    accounts = closed.app.ended.accounts
    accounts.refresh()
    identity = Identity(Actor("nadia", "coach"), ("flers",))
    seen = []
    for days in range(4):
        monkeypatch.setattr(accounts, "clock", lambda days=days: now() + timedelta(days=days))
        seen.append(accounts.entry(identity, "g-2") is not None)
    assert seen == [False, True, True, False]
    monkeypatch.undo()
    assert status(closed, headers) == 200


def test_who_has_no_account_is_let_in_by_the_development_login_alone(world: World, closed: World) -> None:
    """Both are gateways of one installation, which has an administrator."""
    world.app.ended.refresh()
    headers = {"Authorization": f"Bearer {world.token('coach')}"}
    assert (status(world, headers), status(closed, headers)) == (200, 401)


def test_before_the_first_account_sessions_of_a_release_before_go_on(tmp_path: Path) -> None:
    world = World(tmp_path, development_login=False)
    headers = {"Authorization": f"Bearer {world.token('coach')}"}
    assert status(world, headers) == 200
    granted(world, ADMINISTRATOR)
    world.app.ended.refresh()
    assert status(world, headers) == 401


def test_nobody_is_let_in_while_the_accounts_cannot_be_read(closed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = bearer(closed)

    def away() -> Any:
        raise Unavailable("the log is away")

    monkeypatch.setattr(closed.app.ended.accounts, "read", away)
    closed.app.ended.try_refresh()
    assert status(closed, headers) == 200, "for a while what was read goes on to count"
    monkeypatch.setattr("services.gateway.session.MAX_AGE_S", 0.0)
    monkeypatch.setattr(closed.app.ended, "refresh", lambda: None)
    assert status(closed, headers) == 503


def test_an_address_is_in_no_command_and_no_event(closed: World) -> None:
    admin = bearer(closed, ADMINISTRATOR)
    told = closed.client.post("/v1/login-digests", json={"email": MAIL}, headers=admin, **LOCAL)
    assert told.status_code == 201
    assert told.json
    assert told.json["login"] == Logins(closed.components.settings.key()).of_email(" nadia.benali@ETAPE.example ")
    body = {"territory": "all", "data": {"account": "nadia", "login": told.json["login"]}}
    answer = closed.client.post("/v1/commands/OpenAccount", json=body, headers={**admin, "Idempotency-Key": str(uuid4())}, **LOCAL)
    assert answer.status_code == 201, answer.text
    closed.components.store.close()
    stored = b"".join(path.read_bytes() for path in Path(closed.components.settings.data).glob("*.sqlite*"))
    assert told.json["login"].encode() in stored
    assert b"benali" not in stored.lower()


def test_a_digest_is_of_one_login_and_of_one_installation(closed: World) -> None:
    logins, others = Logins(closed.components.settings.key()), Logins(b"another installation" * 2)
    assert logins.of_subject("a", "b c") != logins.of_subject("a b", "c")
    assert logins.of_email(MAIL) != others.of_email(MAIL)
    admin = bearer(closed, ADMINISTRATOR)
    for wrong in (
        {},
        {"email": "nadia"},
        {"subject": "s"},
        {"issuer": "i"},
        {"email": MAIL, "issuer": "i", "subject": "s"},
        {"other": "x"},
    ):
        answer = closed.client.post("/v1/login-digests", json=wrong, headers=admin, **LOCAL)
        assert answer.status_code == 422, wrong
    assert closed.client.post("/v1/login-digests", json={"email": MAIL}, headers=bearer(closed), **LOCAL).status_code == 403


def test_accounts_are_told_to_who_gives_and_audits_them(closed: World) -> None:
    coach = bearer(closed)
    answer = closed.client.get("/v1/accounts", headers=bearer(closed, ADMINISTRATOR), **LOCAL)
    assert answer.json
    today = local_date(now()).isoformat()
    grant = {"role": "coach", "organisation": "etape", "territories": ["alencon"], "since": today, "until": None, "current": True}
    told = {"account": "nadia", "status": "active", "logins": [], "grants": [{"grant": grant_of(closed), **grant}]}
    assert [account for account in answer.json["accounts"] if account["account"] == "nadia"] == [told]
    assert closed.client.get("/v1/accounts", headers=coach, **LOCAL).status_code == 403


@pytest.mark.parametrize(("role", "reads"), [("auditor", True), ("coordinator", True), ("coach", False), ("participant", False)])
def test_events_of_accounts_are_read_by_who_reads_all_accounts(world: World, role: str, reads: bool) -> None:
    granted(world, NADIA)
    world.feed.start()
    page = world.get("/v1/events?type=accounts", role=role).json
    assert page
    assert bool(page["events"]) is reads
