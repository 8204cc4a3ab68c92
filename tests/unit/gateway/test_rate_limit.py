"""One client's requests: a burst, then as many as its rate."""

from hypothesis import given
from hypothesis import strategies as st

from services.gateway import rate_limit
from services.gateway.rate_limit import Rate, RateLimit
from tests.harness.world import World


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@given(steps=st.lists(st.sampled_from([0.0, 0.01, 0.1, 0.5, 3.0]), max_size=80), rate=st.sampled_from([2, 10]), burst=st.integers(1, 20))
def test_in_any_time_no_more_pass_than_the_burst_and_the_rate(steps: list[float], rate: int, burst: int) -> None:
    clock = Clock()
    limit, passed = RateLimit(Rate(rate, burst), clock), list[float]()
    for step in steps:
        clock.now += step
        allowance = limit.take("a")
        if allowance.wait:
            later = clock.now + allowance.wait
            assert limit.take("a").wait > 0, "a refused request costs nothing, and changes nothing"
            clock.now = later
            assert limit.take("a").wait == 0, "after the time that it was told, the client passes"
        passed.append(clock.now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) * rate + 1e-6


def test_one_client_takes_nothing_from_another() -> None:
    limit = RateLimit(Rate(1, 2), Clock())
    assert [limit.take("a").left for _ in range(2)] == [1, 0]
    assert limit.take("a").wait == 1
    assert limit.take("b").wait == 0


def test_what_is_told_is_what_is_left() -> None:
    clock = Clock()
    limit = RateLimit(Rate(2, 4), clock)
    assert limit.headers(limit.take("a")) == {"RateLimit-Policy": '"default";q=4;w=2', "RateLimit": '"default";r=3;t=1'}
    for _ in range(3):
        limit.take("a")
    assert limit.headers(limit.take("a"))["Retry-After"] == "1"


def test_clients_are_forgotten_when_there_are_too_many() -> None:
    clock = Clock()
    limit = RateLimit(Rate(1, 2), clock)
    for number in range(rate_limit.MAX_CLIENTS + 10):
        clock.now += 0.001
        limit.take(f"client-{number}")
    assert len(limit.full_at) <= rate_limit.MAX_CLIENTS
    assert limit.take(f"client-{rate_limit.MAX_CLIENTS + 9}").left == 0, "the latest are remembered"


def test_a_client_that_asks_too_much_is_told_when_to_come_back(world: World) -> None:
    world.app.limit = RateLimit(Rate(1, 3), Clock())
    answers = [world.get("/v1/events") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"] for answer in answers[:3]] == [f'"default";r={left};t=1' for left in (2, 1, 0)]
    assert answers[3].headers["Retry-After"] == "1"
    assert answers[3].json is not None
    assert answers[3].json["code"] == "too_many_requests"
    assert world.get("/v1/events", role="auditor").status_code == 200, "another actor has a bucket of their own"
    assert world.get("/healthz", role=None).status_code == 200


def test_without_a_session_an_address_is_a_client(world: World) -> None:
    world.app.limit = RateLimit(Rate(1, 1), Clock())
    here, there = ({"REMOTE_ADDR": address} for address in ("127.0.0.1", "127.0.0.2"))
    asked = [world.get("/v1/events", role=None, environ_base=place).status_code for place in (here, here, there)]
    assert asked == [401, 429, 401]


def test_tokens_that_are_not_valid_are_counted_by_address(world: World) -> None:
    world.app.limit = RateLimit(Rate(1, 2), Clock())
    asked = [world.get("/v1/events", role=None, headers={"Authorization": f"Bearer {number}"}).status_code for number in range(4)]
    assert asked == [401, 401, 429, 429]
    assert world.get("/v1/events").status_code == 200, "a valid one is not refused for them"
