"""Laws of referrals that hold for any commands, in any order, of several partners and referrals."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.referrals.answer_commands import AcceptReferral, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.coded_values import DeclineReason, ReferralResult, WithdrawalReason
from services.referrals.referral import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralSent,
    ReferralWithdrawn,
    SendReferral,
    WithdrawOpenReferrals,
    WithdrawReferral,
    decider,
)
from shared.errors import Refused
from tests.harness.persons import MET

TERMINAL = (ReferralWithdrawn, ReferralDeclined, ReferralCompleted)

ids = st.sampled_from(("r-1", "r-2", "r-3"))
partners = st.sampled_from(("greta-orne", "ml-alencon"))
days = st.integers(0, 40).map(lambda number: date(2023, 3, 1) + timedelta(days=number))
theme = "mobilite--preparer-un-permis"
commands: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        lambda r, p, d: SendReferral(
            "p-1", r, p, theme, "c-1", [], d, "coach-1", "alencon", listed={"alencon": date(2023, 3, 1)}, standing=MET
        ),
        ids,
        partners,
        days,
    ),
    st.builds(lambda r, d, p: SeeReferral("p-1", r, d, p), ids, days, partners),
    st.builds(lambda r, d, p: AcceptReferral("p-1", r, d, p), ids, days, partners),
    st.builds(lambda r, d, p: DeclineReferral("p-1", r, DeclineReason.ABSENT, d, p), ids, days, partners),
    st.builds(lambda r, d, p: CompleteReferral("p-1", r, ReferralResult.EMPLOI, d, p), ids, days, partners),
    st.builds(lambda r, d: WithdrawReferral("p-1", r, WithdrawalReason.DEMANDE, d), ids, days),
    st.builds(lambda d: WithdrawOpenReferrals("p-1", WithdrawalReason.SORTIE, d), days),
)
Step = tuple[Any, list[Any]]  # an accepted command and its events


def accepted_steps(sequence: Sequence[Any]) -> list[Step]:
    state, steps = decider.initial, list[Step]()
    for command in sequence:
        try:
            events = decider.decide(state, command)
        except Refused:
            continue
        state = reduce(decider.evolve, events, state)
        steps.append((command, events))
    return steps


histories = st.lists(commands, max_size=40).map(accepted_steps)


def events_of(steps: list[Step], referral: str) -> list[Any]:
    return [event for _, events in steps for event in events if event.referral == referral]


@given(histories, ids)
def test_a_referral_has_one_terminal_state_and_nothing_follows_it(steps: list[Step], referral: str) -> None:
    events = events_of(steps, referral)
    ends = [number for number, event in enumerate(events) if isinstance(event, TERMINAL)]
    assert ends in ([], [len(events) - 1])


@given(histories)
def test_only_the_addressed_partner_answers(steps: list[Step]) -> None:
    addressed = {event.referral: event.partner for _, events in steps for event in events if isinstance(event, ReferralSent)}
    for command, events in steps:
        if hasattr(command, "organisation"):
            assert [addressed[event.referral] for event in events] == [command.organisation]


@given(histories, ids)
def test_a_referral_is_sent_first_and_once_and_withdrawn_only_while_open(steps: list[Step], referral: str) -> None:
    events = events_of(steps, referral)
    assert [isinstance(event, ReferralSent) for event in events] == [True, *[False] * (len(events) - 1)][: len(events)]
    assert all(event.on >= events[0].on for event in events)
    for number, event in enumerate(events):
        if isinstance(event, ReferralWithdrawn):
            assert not any(isinstance(before, TERMINAL) for before in events[:number])


@given(histories)
def test_an_exit_never_withdraws_an_accepted_referral(steps: list[Step]) -> None:
    accepted = set[str]()
    for command, events in steps:
        if isinstance(command, WithdrawOpenReferrals):
            assert events
            assert not accepted & {event.referral for event in events}
        accepted |= {event.referral for event in events if isinstance(event, ReferralAccepted)}


@given(histories, ids)
def test_only_an_accepted_referral_is_completed(steps: list[Step], referral: str) -> None:
    events = events_of(steps, referral)
    if events and isinstance(events[-1], ReferralCompleted):
        assert any(isinstance(event, ReferralAccepted) for event in events)
