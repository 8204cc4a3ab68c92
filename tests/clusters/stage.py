"""What must be true after every fault, and the table of what was measured meanwhile."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from tests.clusters.follower import Follower
from tests.clusters.load import Load
from tests.clusters.network import Network
from tests.clusters.patroni import Patroni
from tests.clusters.postgres import Replicated
from tests.clusters.product import Pairs
from tests.clusters.rabbitmq import Cluster
from tests.clusters.watch import Watch
from tests.containers.debian import CACHE
from tests.processes import eventually, this_quarter
from tests.servers import PostgresServer

HEADER = "| fault | commands | lost | doubled | without an answer, or 5xx | longest answer | longest silence | time to heal |"
TABLE = CACHE / "clusters.md"  # what was measured last of each fault
RULE = "|---|---|---|---|---|---|---|---|"
CONSEQUENCES = ("JourneyOpened", "PrescriberInformed")  # the events that policies of coaching and referrals cause
EVENTS = {"IdentifyPerson": "PersonIdentified", "ReceiveOrientation": "OrientationReceived", "AcceptOrientation": "OrientationAccepted"}
INBOXES = ("intake.inbox", "coaching.inbox", "referrals.inbox", "reporting.inbox")
BEFORE, AFTER = 30, 60  # commands
HEAL_S = 180.0
UNBOUNDED = float("inf")

Event = dict[str, Any]


class Aim(Struct, frozen=True):
    """What is promised of a fault where a healthy majority remains, in seconds: no caller waits longer, and all is well again within."""

    answer: float = 10.0
    silence: float = 10.0
    heal: float = 10.0


PROMISED = Aim()


class Episode:
    """One fault under load: one disturbance, or several that follow each other. `remark` is shown beside what it took."""

    def __init__(self, name: str, aim: Aim, load: Load, follower: Follower, watch: Watch) -> None:
        self.name = name
        self.aim = aim
        self.load = load
        self.follower = follower
        self.watch = watch
        self.disturbances: list[float] = []
        self.remark = ""

    def fault(self) -> None:
        """The next thing that happens is the fault, or the end of it, which disturbs too."""
        self.disturbances.append(time.monotonic())

    def wait_for(self, more: int) -> None:
        target = self.load.count + more
        eventually(lambda: self.load.count >= target, f"{more} more accepted commands: {self.load.answers}", HEAL_S)


class Stage:
    def __init__(
        self,
        network: Network,
        product: Pairs,
        cluster: Cluster,
        postgres: PostgresServer | Replicated | Patroni,
        rows: dict[str, str],
    ) -> None:
        self.network = network
        self.product = product
        self.cluster = cluster
        self.postgres = postgres
        self.rows = rows

    @contextmanager
    def episode(self, name: str, aim: Aim = PROMISED) -> Iterator[Episode]:
        """A block in which one fault comes and goes under load; then everything must be as if it had not."""
        eventually(self.product.all_ready, "readiness before the fault", HEAL_S)
        before = self.history()
        follower = Follower(self.product, before[-1]["position"] if before else 0)
        with Load(self.product) as load:
            watch = Watch(self.product, lambda: load.position)
            episode = Episode(name, aim, load, follower, watch)
            episode.wait_for(BEFORE)
            yield episode
            episode.wait_for(AFTER)
            watch.stop()
        self.check(episode, len(before))

    def check(self, episode: Episode, known: int) -> None:
        load = episode.load
        eventually(self.product.all_ready, "readiness after the fault", HEAL_S)
        eventually(lambda: not self.missing(load, self.history()), "every acceptance has its consequences", HEAL_S)
        eventually(self.live_equals_replay, "the figures are those of a replay", HEAL_S)
        history = self.history()
        eventually(lambda: len(episode.follower.positions) >= len(history) - known, "the follower has seen all", HEAL_S)
        episode.follower.stop()
        lost, doubled = self.differences(load, history)
        took = self.measure(episode, lost, doubled)
        assert (lost, doubled) == (0, 0)
        assert episode.follower.positions == [event["position"] for event in history[known:]]
        assert len({event["id"] for event in history}) == len(history)
        assert order_is_kept(history)
        self.check_queues()
        assert all(process.alive() for process in self.product.processes.values())
        assert took.answer < episode.aim.answer
        assert took.silence < episode.aim.silence
        assert took.heal < episode.aim.heal, episode.watch.complaints(episode.disturbances)

    def measure(self, episode: Episode, lost: int, doubled: int) -> Aim:
        load, watch = episode.load, episode.watch
        answer = max(load.longest_answer, watch.longest_read)
        took = Aim(answer, load.longest_silence(), watch.time_to_heal(episode.disturbances))
        failed = sum(number for status, number in load.answers.items() if not 200 <= status < 300)
        times = " | ".join(f"{each:.1f} s" for each in (took.answer, took.silence, took.heal))
        self.rows[episode.name] = f"| {episode.name} | {load.count} | {lost} | {doubled} | {failed} | {times}{episode.remark} |"
        keep(self.rows)
        return took

    def differences(self, load: Load, history: list[Event]) -> tuple[int, int]:
        """How many accepted commands, or consequences of them, are not in the log, and how many are there more than once."""
        counts = Counter((event["commandid"], kind(event)) for event in history)
        told = Counter({(id, EVENTS[command]): counts[id, EVENTS[command]] for command, ids in load.accepted.items() for id in ids})
        told.update({key: caused(history)[key] for key in self.expected(load)})
        return sum(number == 0 for number in told.values()), sum(number > 1 for number in told.values())

    def missing(self, load: Load, history: list[Event]) -> set[tuple[str, str]]:
        return self.expected(load) - set(caused(history))

    def expected(self, load: Load) -> set[tuple[str, str]]:
        return {(id, consequence) for id in load.accepted["AcceptOrientation"] for consequence in CONSEQUENCES}

    def history(self) -> list[Event]:
        done = self.product.tool("history")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def live_equals_replay(self) -> bool:
        return self.figures("indicators") == self.figures("replay")

    def figures(self, command: str) -> dict[str, Any]:
        done = self.product.tool(command, "--territory", "all", "--quarter", this_quarter(), "--json")
        assert done.returncode == 0, done.stderr
        figures: dict[str, Any] = json.loads(done.stdout)
        return figures

    def check_queues(self) -> None:
        eventually(self.are_empty, "every queue is empty", HEAL_S)

    def are_empty(self) -> bool:
        for name in INBOXES:
            queue = self.cluster.queue(name)
            assert queue.get("messages") == 0, f"{name}: {queue}"
        return True


def kind(event: Event) -> str:
    return str(event["type"]).rpartition(".")[2]


def caused(history: list[Event]) -> Counter[tuple[str, str]]:
    """The consequences of accepted orientations: (id of the command that accepted it, kind)."""
    acceptances = {event["id"]: event["commandid"] for event in history if kind(event) == "OrientationAccepted"}
    followed = ((acceptances.get(event.get("causationid")), kind(event)) for event in history)
    return Counter((id, name) for id, name in followed if id is not None and name in CONSEQUENCES)


def order_is_kept(history: list[Event]) -> bool:
    """Positions rise, and the cause of an event is before it."""
    places = {event["id"]: place for place, event in enumerate(history)}
    positions = [event["position"] for event in history]
    causes = ((event, event.get("causationid")) for event in history)
    return positions == sorted(set(positions)) and all(places[cause] < places[event["id"]] for event, cause in causes if cause in places)


def keep(rows: Mapping[str, str]) -> None:
    """Write the table, with what earlier sessions measured of other faults."""
    earlier = TABLE.read_text().splitlines()[2:] if TABLE.exists() else []
    kept = {row.split(" | ")[0].removeprefix("| "): row for row in earlier} | dict(rows)
    TABLE.write_text("\n".join((HEADER, RULE, *kept.values(), "")))
