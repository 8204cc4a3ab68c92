"""Three hundred deaths, at every line between which something could be lost or done twice, while commands go on."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle, islice, product

import pytest

from tests.chaos.conftest import Dying, Stage
from tests.processes import eventually

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
NUMBERS = (2, 3, 5)  # of the call at which a process dies: never the first, as an event that kills each process becomes a dead letter


def deaths(service: str) -> Iterator[tuple[str, str, int]]:
    """The function, whether before or after it, and at which call, again and again."""
    return cycle([(point, when, number) for number, point, when in product(NUMBERS, POINTS[service], ("before", "after"))])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_three_hundred_deaths_lose_nothing_and_repeat_nothing(stage: Stage) -> None:
    """Each service has its share of them, at the same time as the others."""
    with stage.load(attempts=1_000_000) as load:
        load.wait_for(20)
        with ThreadPoolExecutor(len(POINTS)) as pool:
            dead = pool.map(lambda service: kill_again_and_again(stage, service, KILLS // len(POINTS)), POINTS)
        assert sum(dead) == KILLS
        load.wait_for(20)
    stage.check_nothing_lost_or_repeated(load)
    assert stage.product.tool("dead", "list").stdout == ""


def kill_again_and_again(stage: Stage, service: str, times: int) -> int:
    healthy = stage.product.processes[service]
    healthy.kill()
    for call, when, number in islice(deaths(service), times):
        with closing(Dying(call, when, healthy, number)) as dying:
            dying.start()
            wait_for_death(dying, f"{service} reaches {call}")
    healthy.start()
    return times


def wait_for_death(dying: Dying, what: str) -> None:
    eventually(lambda: not dying.alive(), what, 900)
    assert dying.child is not None
    assert dying.child.returncode == -signal.SIGKILL, dying.log.read_text()[-2000:]
