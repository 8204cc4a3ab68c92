"""Three hundred kills, at every line between which something could be lost or done twice, while commands go on."""

import signal
import time
from collections.abc import Iterator
from itertools import cycle, islice, product

import pytest

from tests.chaos.conftest import Dying, Stage

LOG = "shared.store.postgres.store:PostgresStore.append"
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
NUMBERS = (2, 3, 5)  # of the call at which a process dies: never the first, as an event that kills each process becomes a dead letter


def kill_points(service: str) -> Iterator[tuple[str, str, int]]:
    """The function, whether before or after it, and at which call, again and again."""
    return cycle([(point, when, number) for number, point, when in product(NUMBERS, POINTS[service], ("before", "after"))])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_kills_lose_nothing_and_repeat_nothing(stage: Stage) -> None:
    """Each service has its share of them, at the same time as the others."""
    with stage.load(attempts=1_000_000, pause=0.2) as load:
        load.wait_for(20)
        dying = [Kills(stage, service, KILLS // len(POINTS)) for service in POINTS]
        while going_on := [each for each in dying if each.go_on()]:
            assert all(time.monotonic() < each.until for each in going_on), [each.point for each in going_on]
            time.sleep(0.05)
        assert sum(each.dead for each in dying) == KILLS
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)
    assert stage.product.tool("dead", "list").stdout == ""


class Kills:
    """The kills of one service, one after the other; then it works as before.

    All processes are started by the thread of the test: one that was started by a thread ends with it (`WITH_ITS_PARENT`).
    """

    def __init__(self, stage: Stage, service: str, times: int) -> None:
        self.healthy = stage.product.processes[service]
        self.healthy.kill()
        self.to_come = islice(kill_points(service), times)
        self.dead = -1  # the one above is none of them
        self.dying: Dying | None = None

    def go_on(self) -> bool:
        """Whether there are more to come. Starts the next process when the last one is dead."""
        if self.dying is not None and self.dying.alive():
            return True
        if self.dying is not None:
            assert self.dying.child is not None
            assert self.dying.child.returncode == -signal.SIGKILL, self.dying.log.read_text()[-2000:]
        elif self.dead >= 0:
            return False
        self.dead += 1
        self.dying, self.point, self.until = None, next(self.to_come, None), time.monotonic() + REACHED_WITHIN_S
        if self.point is None:
            self.healthy.start()
            return False
        call, when, number = self.point
        self.dying = Dying(call, when, self.healthy, number)
        self.dying.start()
        return True
