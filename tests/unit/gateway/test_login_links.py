"""A login link opens one session, for whom it was made, in time; nothing that looks at it, and nobody who reads the records, enters."""

import logging
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from services.gateway.login_links import LoginLinks, address_of, digest_of
from services.gateway.pages.login_link import TRIES
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from tests.harness.accounts import give, granted
from tests.harness.world import LOCAL, World

HOME = {"Origin": "http://127.0.0.1:8000"}
COORDINATOR = Identity(Actor("admin-1", "coordinator"), ("flers",))


def issue(world: World, identity: Identity = COORDINATOR, lifetime: timedelta = timedelta(hours=1), key: bytes = b"") -> str:
    links = LoginLinks(key or world.components.settings.key(), now)
    return links.issue(world.components.gateway_records, identity, granted(world, identity), lifetime)


def redeem(world: World, secret: str, **headers: str) -> TestResponse:
    return world.client.post("/lien", data={"secret": secret}, headers=headers or HOME, **LOCAL)


def test_it_opens_a_session_for_whom_it_was_made(world: World) -> None:
    answer = redeem(world, issue(world))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    me = world.client.get("/v1/me", **LOCAL).json
    assert me is not None
    assert (me["actor"]["id"], me["actor"]["role"]) == ("admin-1", "coordinator")


def test_it_opens_one_session(world: World) -> None:
    secret = issue(world)
    assert redeem(world, secret).status_code == 303
    again = redeem(world, secret)
    assert again.status_code == 403
    assert "Ce lien n’ouvre rien" in again.text
    assert "Set-Cookie" not in again.headers


def test_it_opens_nothing_once_its_grant_is_withdrawn(world: World) -> None:
    secrets = [issue(world), issue(world, Identity(Actor("admin-2", "administrator"), ("*",)))]
    (grant,) = world.components.accounts().accounts["admin-1"].grants
    give(world, "WithdrawGrant", account="admin-1", grant=grant.id, reason="FIN_DE_FONCTION")
    assert [redeem(world, secret).status_code for secret in secrets] == [403, 303]


def test_who_merely_looks_at_it_does_not_use_it_up(world: World) -> None:
    secret = issue(world)
    for look in (world.client.get, world.client.head, world.client.get):
        assert look("/lien", **LOCAL).status_code == 200
    assert redeem(world, secret).status_code == 303


def test_it_opens_nothing_after_its_time(world: World) -> None:
    assert redeem(world, issue(world, lifetime=timedelta(seconds=-1))).status_code == 403


def test_a_strangers_page_does_not_open_it(world: World) -> None:
    secret = issue(world)
    assert redeem(world, secret, Origin="https://evil.example").status_code == 403
    assert redeem(world, secret).status_code == 303


@pytest.mark.parametrize("secret", ["", "x", "é" * 64, "../..", "0" * 10_000])
def test_anything_else_opens_nothing(world: World, secret: str) -> None:
    issue(world)
    assert redeem(world, secret).status_code == 403


def test_who_reads_the_records_cannot_enter_with_them(world: World) -> None:
    secret = issue(world)
    with sqlite3.connect(Path(world.components.settings.data) / "gateway.sqlite") as records:
        rows = records.execute("select link, opens from login_links").fetchall()
    assert [link for link, _ in rows] == [digest_of(secret)]
    assert secret not in str(rows)
    assert [redeem(world, text).status_code for row in rows for text in row] == [403, 403]


def test_who_writes_to_the_records_makes_no_link(world: World) -> None:
    """Neither with another key nor by putting what one link opens under another."""
    assert redeem(world, issue(world, key=b"of somebody else" * 2)).status_code == 403
    issue(world)
    with sqlite3.connect(Path(world.components.settings.data) / "gateway.sqlite") as records:
        records.execute("update login_links set link = ?", (digest_of("mine"),))
    records.close()
    assert redeem(world, "mine").status_code == 403


def test_one_address_tries_a_few_and_then_waits(world: World) -> None:
    statuses = [redeem(world, f"guess-{number}").status_code for number in range(TRIES.burst + 5)]
    assert statuses[: TRIES.burst] == [403] * TRIES.burst
    assert 429 in statuses


def test_no_log_holds_its_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    secret = issue(world)
    with caplog.at_level(logging.DEBUG):
        redeem(world, secret)
        redeem(world, secret)
    assert "a login link opened a session: admin-1, coordinator" in caplog.text
    assert secret not in caplog.text


def test_the_secret_is_in_a_part_of_the_address_that_no_browser_sends() -> None:
    assert address_of("https://parcours.example/", "SECRET") == "https://parcours.example/lien#SECRET"
