"""Lines that name the same person or thing are handed over in their order; others need not wait for each other."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway.line_call import MAX_BYTES_PER_CALL, MAX_LINES_PER_CALL, Line
from services.gateway.line_order import rounds
from shared.message import Actor
from shared.trust.access import Identity

COACH, OTHER = (Identity(Actor(name, "coach"), ("*",)) for name in ("coach-1", "coach-2"))
SERVICES = ("intake", "coaching", "referrals")


def line(number: int, service: str = "intake", *names: str, apart: bool = False, key: str = "", speaker: Identity = COACH) -> Line:
    return Line(number=number, id=number, text="{}", service=service, speaker=speaker, names=names, apart=apart, key=key)


LINES = st.lists(
    st.builds(
        line,
        st.just(0),
        st.sampled_from(SERVICES),
        st.sampled_from("abcd"),
        apart=st.integers(0, 9).map(lambda number: number == 0),
        key=st.sampled_from(["", "", "k"]),
        speaker=st.sampled_from([COACH, OTHER]),
    ),
    max_size=40,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LINES)
def test_every_line_is_handed_over_once_and_after_those_that_it_follows(drawn: list[Line]) -> None:
    lines = [
        line(n, each.service, *each.names, apart=each.apart, key=each.key, speaker=each.speaker or COACH) for n, each in enumerate(drawn)
    ]
    planned = rounds(lines)
    place = {
        each.number: (at, call[0].route, index) for at, calls in enumerate(planned) for call in calls for index, each in enumerate(call)
    }
    assert sorted(place) == list(range(len(lines)))
    for later in lines:
        for earlier in lines[: later.number]:
            if later.apart or earlier.apart or {*later.names} & {*earlier.names}:
                (one, route, index), (two, other, after) = place[earlier.number], place[later.number]
                assert one < two or (one == two and route == other and index < after)
    for calls in planned:
        for call in calls:
            assert len({each.route for each in call}) == 1
            assert [each.key for each in call].count("k") <= 1


def test_lines_that_alternate_between_services_need_two_rounds() -> None:
    lines = [line(number, SERVICES[number % 2], f"p-{number // 2}") for number in range(100)]
    assert [[len(call) for call in calls] for calls in rounds(lines)] == [[50], [50]]


def test_a_call_has_limits() -> None:
    sizes = [len(call) for calls in rounds([line(number, "intake", f"p-{number}") for number in range(1_200)]) for call in calls]
    assert sizes == [MAX_LINES_PER_CALL, MAX_LINES_PER_CALL, 1_200 - 2 * MAX_LINES_PER_CALL]
    large = [Line(number=n, id=n, text="x" * (MAX_BYTES_PER_CALL // 2), service="intake", speaker=COACH, key=str(n)) for n in range(4)]
    assert [len(call) for calls in rounds(large) for call in calls] == [2, 2]


def test_lines_of_one_service_that_name_no_person_share_a_call() -> None:
    assert [[len(call) for call in calls] for calls in rounds([line(n, "coaching", f"w-{n}", apart=True) for n in range(9)])] == [[9]]
