"""The drill: a backup under load, more commands, every process killed, a restore, and a start beside a broker that is ahead.

What was acknowledged up to the backup’s position is there once; what came after it is named as missing; the new history is neither skipped
nor repeated by a figure, a follower of the feed, a reader of the stream, a policy or a webhook.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from parcours_client.feed import BEGINNING, FeedEvent, Place, read_feed
from services.bootstrap.backup_manifest import messages
from shared.address import Address
from shared.store.postgres import archive
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite import archive as sqlite_archive
from tests.chaos.conftest import CONSEQUENCES, Load
from tests.harness.receiver import Receiver
from tests.processes import Product, eventually, in_one_process, running, this_quarter
from tests.servers import GivenPostgres, GivenRabbitmq
from tests.unit.cli.test_backup import carry_key

LOCAL = {"PARCOURS_WEBHOOK_NETWORKS": "127.0.0.0/8", "PARCOURS_WEBHOOK_HTTP": "1"}
CAUSED = {"OrientationAccepted": CONSEQUENCES, "JourneyOpened": ("CoachingStarted",)}
RESTORED = "fr.parcours.reporting.LogRestored"
QUIET_S = 0.5  # in which what is repeated would come
Events = list[dict[str, Any]]


class Follower:
    """A frontend that follows the feed after a position, in a thread of its own."""

    def __init__(self, product: Product, position: int) -> None:
        self.product, self.position = product, position
        self.events: Events = []
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.token = product.token("coordinator")
        self.thread.start()

    def listen(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Last-Event-ID": str(self.position)}
        with suppress(httpx.HTTPError), httpx.stream("GET", f"{self.product.url}/v1/stream", headers=headers, timeout=120) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    self.events.append(json.loads(line[5:]))

    def positions(self) -> list[int]:
        return [event["position"] for event in self.events]


class FeedReader:
    """A trusted back end that reads the stream of the broker from a place, in a thread of its own."""

    def __init__(self, uri: str, place: Place) -> None:
        self.uri, self.place = uri, place
        self.events: list[FeedEvent] = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for batch in read_feed(self.uri, self.place):
            self.events += batch

    def positions(self) -> list[int]:
        return [each.event.position for each in self.events]


def history(product: Product) -> Events:
    """Every event as it is stored: read from the database itself, which takes no process."""
    dsn = product.env.get("PARCOURS_EVENT_STORE")
    with archive.snapshot(Address(dsn)) if dsn else sqlite_archive.snapshot(product.folder / "log.sqlite") as snapshot:
        return [json.loads(message) for message in snapshot.messages()]


def said(product: Product, *words: str) -> tuple[str, str]:
    done = product.tool(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def kill(product: Product) -> None:
    for process in product.processes.values():
        process.kill()
    product.client.close()


def make_folders(folder: Path) -> None:
    """Of the installation that dies, and of the one that is restored."""
    for name in ("old", "new"):
        (folder / name).mkdir()


def positions(events: Events) -> list[int]:
    return [event["position"] for event in events]


def backed_up_and_killed(product: Product, receiver: Receiver, folder: Path) -> tuple[Events, Load]:
    """The history before the death, all of which the webhook has told, and what was acknowledged; the backup is older."""
    product.must("CreateWebhook", {"webhook": "w-1", "url": receiver.url, "types": ["intake"]}, role="coordinator", territory="all")
    with Load(product, callers=2) as load:
        load.wait_for(10)
        said(product, "backup", str(folder))
        load.wait_for(10)
    events = settled(product)
    eventually(lambda: told(receiver, events), "the webhook has told everything")
    kill(product)
    return events, load


def settled(product: Product) -> Events:
    """The history, once every policy has reacted."""
    eventually(lambda: not missing(history(product)), "every acceptance has its consequences")
    return history(product)


def missing(events: Events) -> list[tuple[str, str]]:
    """What policies have to do and is not there once: (the event that causes it, the type of what follows)."""
    followed = Counter((event.get("causationid"), kind_of(event)) for event in events)
    expected = [(event["id"], kind) for event in events for kind in CAUSED.get(kind_of(event), ())]
    return [each for each in expected if followed[each] != 1]


def kind_of(event: dict[str, Any]) -> str:
    return str(event["type"]).rpartition(".")[2]


def told(receiver: Receiver, events: Events) -> bool:
    return {each.event["id"] for each in receiver.taken} == {event["id"] for event in events if ".intake." in event["type"]}


def check_new_history(product: Product, before: Events, kept: Events, load: Load, receiver: Receiver, sent: int) -> Events:
    """The checks that hold for every kind of installation; returns the new history, which begins with the restoration.

    `sent` is how many messages the webhook had sent when the old installation died.
    """
    last = before[-1]["position"]
    follower = Follower(product, last)
    lost = next(event for event in reversed(before) if event["commandid"] in load.accepted)
    assert lost not in kept
    identified = {"channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    again = product.must("IdentifyPerson", {"person": lost["data"]["person"], **identified}, id=lost["commandid"])
    assert again["position"] > last
    with Load(product, callers=1) as more:
        more.wait_for(8)
    events = settled(product)
    assert events[: len(kept)] == kept
    new = events[len(kept) :]
    assert (new[0]["type"], new[0]["previous"], new[0]["data"]["after"]) == (RESTORED, kept[-1]["position"], kept[-1]["position"])
    assert all(each["previous"] == earlier["position"] for earlier, each in pairwise(new))
    assert set(positions(new)).isdisjoint(range(last + 1))
    counts = Counter(event["commandid"] for event in events if event["type"].endswith("PersonIdentified"))
    acknowledged = {event["commandid"] for event in kept} & {*load.accepted}
    assert acknowledged
    assert {counts[id] for id in (*acknowledged, *more.accepted, lost["commandid"])} == {1}
    assert set(counts) == acknowledged | {*more.accepted, lost["commandid"]}
    replayed = json.loads(said(product, "replay", "--quarter", this_quarter(), "--json")[0])["indicators"]
    eventually(lambda: live_figures(product) == replayed, "live figures are those of the log")
    assert replayed["people_met"]["value"] == len(counts)
    eventually(lambda: follower.positions() == positions(new), f"the follower has the new history: {len(new)} events")
    ids = [event["id"] for event in new if ".intake." in event["type"]]
    eventually(lambda: {*ids} <= {each.message for each in receiver.received[sent:]}, "the webhook tells the new history")
    time.sleep(QUIET_S)
    assert follower.positions() == positions(new)
    counted = Counter(each.message for each in receiver.received[sent:])
    assert {counted[id] for id in ids} == {1}
    assert counted.keys() <= {event["id"] for event in events}
    return new


def live_figures(product: Product) -> dict[str, Any]:
    answer = product.get("/v1/indicators", role="auditor", territory="all", quarter=this_quarter())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["indicators"]
    return found


def kept_in(folder: Path, before: Events) -> Events:
    position = json.loads((folder / "manifest.json").read_bytes())["log"]["position"]
    kept = [event for event in before if event["position"] <= position]
    assert 0 < len(kept) < len(before)
    return kept


def test_an_installation_in_one_process_is_restored_and_goes_on(tmp_path: Path) -> None:
    make_folders(tmp_path)
    with Receiver() as receiver:
        with in_one_process(tmp_path / "old", LOCAL) as product:
            before, load = backed_up_and_killed(product, receiver, tmp_path / "backup")
        kept, sent = kept_in(tmp_path / "backup", before), len(receiver.received)
        carry_key(tmp_path / "old", tmp_path / "new")
        product = Product(tmp_path / "new", LOCAL)
        said(product, "restore", str(tmp_path / "backup"))
        with in_one_process(tmp_path / "new", LOCAL) as product:
            check_new_history(product, before, kept, load, receiver, sent)


@pytest.fixture
def servers(rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres) -> Iterator[tuple[str, str, str]]:
    """A broker, a database for the old log, and one for the new one."""
    with rabbitmq_server.vhost() as uri, postgres_server.database() as old, postgres_server.database() as new:
        yield uri, old, new


def environment(uri: str, dsn: str) -> Mapping[str, str]:
    return {**LOCAL, "PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}


@pytest.mark.long
def test_an_installation_on_servers_is_restored_beside_a_broker_that_is_ahead(tmp_path: Path, servers: tuple[str, str, str]) -> None:
    """The read models outlive the log as well, in the database where they were: their figures are ahead, and are made again."""
    uri, old, new = servers
    make_folders(tmp_path)
    with Receiver() as receiver:
        with running(tmp_path / "old", environment(uri, old)) as product:
            seen = FeedReader(uri, BEGINNING)
            before, load = backed_up_and_killed(product, receiver, tmp_path / "backup")
            eventually(lambda: seen.positions() == positions(before), "the stream has everything")
        kept, sent = kept_in(tmp_path / "backup", before), len(receiver.received)
        env = {**environment(uri, new), "PARCOURS_READ_MODELS": old}
        carry_key(tmp_path / "old", tmp_path / "new")
        product = Product(tmp_path / "new", env)
        stdout, stderr = said(product, "restore", str(tmp_path / "backup"))
        lost = before[len(kept) :]
        assert [json.loads(line)["id"] for line in stdout.splitlines()] == [event["id"] for event in lost]
        assert f"{len(lost)} events that the broker has seen are missing" in stderr
        assert all(f"{event['position']} ({event['id']})" in stderr for event in (lost[0], lost[-1]))
        back_end = FeedReader(uri, seen.events[-1].place)
        with running(tmp_path / "new", env) as product:
            history_again = check_new_history(product, before, kept, load, receiver, sent)
            eventually(lambda: back_end.positions() == positions(history_again), "the back end has the new history")
            assert f"restored on {history_again[0]['recordedtime'][:10]} to position {kept[-1]['position']}" in said(product, "check")[0]


@pytest.mark.long
def test_a_log_that_was_put_back_without_a_word_is_refused_until_it_is_said(tmp_path: Path, servers: tuple[str, str, str]) -> None:
    """A database that was put back by its own means: here, from a backup, without the event that says so."""
    uri, old, new = servers
    make_folders(tmp_path)
    identify = {"channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    with running(tmp_path / "old", environment(uri, old)) as product:
        product.must("IdentifyPerson", {"person": "p-1", **identify})
        said(product, "backup", str(tmp_path / "backup"))
        lost = product.must("IdentifyPerson", {"person": "p-2", **identify})
        seen = FeedReader(uri, BEGINNING)
        eventually(lambda: lost["position"] in seen.positions(), "the stream has it")
        kill(product)
    put_back(tmp_path / "backup", new)
    product = Product(tmp_path / "new", environment(uri, new))
    product.folder.joinpath("keys").write_bytes((tmp_path / "backup" / "keys").read_bytes())
    for words in (("service", "intake"), ("service", "relay")):
        refused = product.tool(*words)
        assert refused.returncode == 2, refused.stderr
        assert f"at position {lost['position']}" in refused.stderr
        assert "parcours restore --in-place" in refused.stderr
    checked = product.tool("check")
    assert (checked.returncode, "restore --in-place" in checked.stdout) == (2, True)
    stdout, _ = said(product, "restore", "--in-place")
    assert [json.loads(line)["position"] for line in stdout.splitlines()] == [lost["position"]]
    with running(tmp_path / "new", environment(uri, new)) as product:
        assert product.must("IdentifyPerson", {"person": "p-3", **identify})["position"] > lost["position"]


def put_back(backup: Path, dsn: str) -> None:
    """The log as it was, and nothing else."""
    PostgresStore(dsn).close()
    with archive.loading(Address(dsn)) as loading:
        loading.load_messages(messages(backup))
