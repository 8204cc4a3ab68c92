"""Laws of the life of referrals, over any order of any commands of several partners and referrals."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.referrals.referral import (
    AcceptReferral,
    CompleteReferral,
    DeclineReferral,
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralSent,
    ReferralWithdrawn,
    SeeReferral,
    SendReferral,
    WithdrawOpenReferrals,
    WithdrawReferral,
    decider,
)
from shared.errors import Refused

TERMINAL = (ReferralWithdrawn, ReferralDeclined, ReferralCompleted)

ids = st.sampled_from(("r-1", "r-2", "r-3"))
partners = st.sampled_from(("greta-orne", "ml-alencon"))
days = st.integers(0, 40).map(lambda number: date(2023, 3, 1) + timedelta(days=number))
theme = "mobilite--preparer-un-permis"
commands: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda r, p, d: SendReferral("p-1", r, p, theme, "c-1", [], d, "coach-1"), ids, partners, days),
    st.builds(lambda r, d, p: SeeReferral("p-1", r, d, p), ids, days, partners),
    st.builds(lambda r, d, p: AcceptReferral("p-1", r, d, p), ids, days, partners),
    st.builds(lambda r, d, p: DeclineReferral("p-1", r, "absent", d, p), ids, days, partners),
    st.builds(lambda r, d, p: CompleteReferral("p-1", r, "EMPLOI", d, p), ids, days, partners),
    st.builds(lambda r, d: WithdrawReferral("p-1", r, "DEMANDE", d), ids, days),
    st.builds(lambda d: WithdrawOpenReferrals("p-1", "SORTIE", d), days),
)
Step = tuple[Any, list[Any]]  # an accepted command and what followed


def accepted(asked: Sequence[Any]) -> list[Step]:
    state, steps = decider.initial, list[Step]()
    for command in asked:
        try:
            events = decider.decide(state, command)
        except Refused:
            continue
        state = reduce(decider.evolve, events, state)
        steps.append((command, events))
    return steps


lives = st.lists(commands, max_size=40).map(accepted)


def events(life: list[Step], referral: str) -> list[Any]:
    return [event for _, follows in life for event in follows if event.referral == referral]


@given(lives, ids)
def test_a_referral_has_one_terminal_state_and_nothing_follows_it(life: list[Step], referral: str) -> None:
    told = events(life, referral)
    ends = [number for number, event in enumerate(told) if isinstance(event, TERMINAL)]
    assert ends in ([], [len(told) - 1])


@given(lives)
def test_only_the_addressed_partner_answers(life: list[Step]) -> None:
    addressed = {event.referral: event.partner for _, follows in life for event in follows if isinstance(event, ReferralSent)}
    for command, follows in life:
        if hasattr(command, "organisation"):
            assert [addressed[event.referral] for event in follows] == [command.organisation]


@given(lives, ids)
def test_a_referral_is_sent_first_and_once_and_withdrawn_only_while_open(life: list[Step], referral: str) -> None:
    told = events(life, referral)
    assert [isinstance(event, ReferralSent) for event in told] == [True, *[False] * (len(told) - 1)][: len(told)]
    assert all(event.on >= told[0].on for event in told)
    for number, event in enumerate(told):
        if isinstance(event, ReferralWithdrawn):
            assert not any(isinstance(before, TERMINAL) for before in told[:number])


@given(lives)
def test_an_exit_never_takes_back_what_a_partner_has_accepted(life: list[Step]) -> None:
    taken = set[str]()
    for command, follows in life:
        if isinstance(command, WithdrawOpenReferrals):
            assert follows
            assert not taken & {event.referral for event in follows}
        taken |= {event.referral for event in follows if isinstance(event, ReferralAccepted)}


@given(lives, ids)
def test_only_what_was_accepted_is_completed(life: list[Step], referral: str) -> None:
    told = events(life, referral)
    if told and isinstance(told[-1], ReferralCompleted):
        assert any(isinstance(event, ReferralAccepted) for event in told)
