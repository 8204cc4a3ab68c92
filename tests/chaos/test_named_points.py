"""Three hundred kills, at every line between which something could be lost or done twice, while commands go on."""

import logging
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from itertools import cycle, islice, product

import pytest

from tests.chaos.conftest import Load, Stage, dying
from tests.processes import Process

log = logging.getLogger(__name__)

LOG = "shared.store.postgres.store:PostgresStore.append_many"  # commands that come together, and each one that comes alone
CHECKPOINTS = "shared.store.postgres.checkpoints:PostgresCheckpoints.save"
REPLY = "shared.bus.nameko.rpc_server:ResilientRpcConsumer.handle_result"
ACKNOWLEDGEMENT = "shared.bus.nameko.rpc_server:ResilientRpcConsumer.acknowledge"
POLICIES = "shared.bus.policy_inbox:PolicyInbox.handle_batch"
POINTS = {
    "gateway": (
        "services.gateway.commands_api:IdempotencyKeys.claim",
        "services.gateway.commands_api:CommandSender.reply",
        "services.gateway.commands_api:IdempotencyKeys.end",
    ),
    "intake": (LOG, REPLY, ACKNOWLEDGEMENT),
    "coaching": (LOG, POLICIES, f"{CHECKPOINTS}?coaching.inbox"),
    "referrals": (LOG, POLICIES, f"{CHECKPOINTS}?referrals.inbox"),
    "reporting": (
        "services.reporting.projection.projector:Projector.apply",
        "services.reporting.projection.fact_batch:FactBatch.write_rows",
        "services.reporting.projection.fact_batch:FactBatch.flush",
    ),
    "relay": (
        "shared.bus.publisher:Publisher.publish_events",
        "shared.bus.publisher:Publisher.wait_for_confirms",
        f"{CHECKPOINTS}?relay",
        f"{CHECKPOINTS}?feed",
    ),
}
KILLS = 300
REACHED_WITHIN_S = 900  # some are reached only by what others let through between their own kills
TOLD_EVERY_S = 30
NUMBERS = (2, 3, 5)  # of the call at which a process dies: never the first, as an event that kills each process becomes a dead letter


def kill_points(service: str) -> Iterator[tuple[str, str, int]]:
    """The function, whether before or after it, and at which call, again and again."""
    return cycle([(point, when, number) for number, point, when in product(NUMBERS, POINTS[service], ("before", "after"))])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_kills_lose_nothing_and_repeat_nothing(stage: Stage) -> None:
    """Each service has its share of them, at the same time as the others."""
    with ExitStack() as stack:
        load = stack.enter_context(stage.load(attempts=1_000_000, pause=0.2, interval=1))  # policies react to an orientation
        load.wait_for(20)
        kills = [stack.enter_context(closing(Kills(stage, service, KILLS // len(POINTS)))) for service in POINTS]
        told_at = time.monotonic()
        while going_on := [each for each in kills if each.go_on()]:
            assert not any(each.late() for each in going_on), told(kills, load)
            if time.monotonic() - told_at >= TOLD_EVERY_S:
                log.info(told(kills, load))
                told_at = time.monotonic()
            time.sleep(0.05)
        log.info(told(kills, load))
        assert sum(each.dead for each in kills) == KILLS
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)
    assert stage.product.tool("dead", "list").stdout == ""


def told(kills: list["Kills"], load: Load) -> str:
    """How far each service is, and the load."""
    return "\n".join(("", *map(str, kills), f"load: {load}"))


class Kills:
    """The kills of one service, one after the other; then it works as before.

    All processes are started by the thread of the test: one that was started by a thread ends with it (`WITH_ITS_PARENT`).
    """

    def __init__(self, stage: Stage, service: str, times: int) -> None:
        self.service = service
        self.healthy = stage.product.processes[service]
        self.healthy.kill()
        self.doomed: Process | None = None
        self.to_come = islice(kill_points(service), times)
        self.times = times
        self.dead = -1  # the one above is none of them
        self.point: tuple[str, str, int] | None = None
        self.since = time.monotonic()

    def go_on(self) -> bool:
        """Whether there are more to come. Starts the next process when the last one is dead."""
        if self.doomed is not None:
            if self.doomed.alive():
                return True
            assert self.doomed.child is not None
            assert self.doomed.child.returncode == -signal.SIGKILL, self.healthy.log.read_text()[-2000:]
        elif self.dead >= 0:
            return False
        self.dead += 1
        self.point, self.since = next(self.to_come, None), time.monotonic()
        if self.point is None:
            self.doomed = None
            self.healthy.start()
            return False
        self.doomed = dying(self.healthy, *self.point)
        self.doomed.start()
        return True

    def late(self) -> bool:
        return time.monotonic() - self.since > REACHED_WITHIN_S

    def close(self) -> None:
        """After a test that failed, the service works as before, too, and nothing that waits for its death goes on beside it."""
        if self.doomed is not None:
            self.doomed.kill()
        if self.dead < self.times:
            self.healthy.start()

    def __str__(self) -> str:
        if self.point is None:
            return f"{self.service}: {self.dead} of {self.times} kills done"
        call, when, number = self.point
        waited = time.monotonic() - self.since
        return f"{self.service}: {self.dead} of {self.times} kills done; {when} call {number} of {call} not reached for {waited:.0f} s"
