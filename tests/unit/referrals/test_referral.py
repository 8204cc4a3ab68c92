"""One referral: sent with consent, seen, answered by its addressee, completed; or taken back."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from services.referrals.referral import (
    AcceptReferral,
    CompleteReferral,
    DeclineReferral,
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralSeen,
    ReferralSent,
    ReferralWithdrawn,
    SeeReferral,
    SendReferral,
    WithdrawOpenReferrals,
    WithdrawReferral,
    decider,
)
from tests.unit.coaching.stage import Stage

DAY, NEXT, BEFORE = date(2023, 3, 1), date(2023, 3, 10), date(2023, 2, 28)
GRETA = "greta-orne"
SEND = SendReferral("p-1", "r-1", GRETA, "lecture-ecriture-calcul--maitriser-le-francais", "c-1", ["contact"], DAY, "coach-1", "formation")
SEE = SeeReferral("p-1", "r-1", NEXT, GRETA)
ACCEPT = AcceptReferral("p-1", "r-1", NEXT, GRETA)
DECLINE = DeclineReferral("p-1", "r-1", "session-complete", NEXT, GRETA)
COMPLETE = CompleteReferral("p-1", "r-1", "ENTREE_EN_FORMATION", NEXT, GRETA)
WITHDRAW = WithdrawReferral("p-1", "r-1", "DEMANDE", NEXT)
WITHDRAW_ALL = WithdrawOpenReferrals("p-1", "SORTIE", NEXT)
ANSWERS = (SEE, ACCEPT, DECLINE, COMPLETE)
ENDED = ((SEND, WITHDRAW), (SEND, DECLINE), (SEND, SEE, DECLINE), (SEND, ACCEPT, COMPLETE))


def referrals(*given: Any) -> Stage:
    return Stage(decider, given)


def test_a_referral_keeps_who_sent_it_to_whom_for_what_and_with_which_consent() -> None:
    event = ReferralSent("p-1", "r-1", GRETA, "formation", SEND.thematique, "c-1", ["contact"], "coach-1", DAY)
    assert referrals().when(SEND) == [event]
    assert decider.stream(SEND) == "referrals-p-1"


def test_a_referral_is_sent_once_even_after_its_end() -> None:
    referrals(SEND).refuses(SEND, "referral_already_sent")
    referrals(SEND, WITHDRAW).refuses(SEND, "referral_already_sent")


@pytest.mark.parametrize("consent", ["", "  "])
def test_a_referral_needs_consent(consent: str) -> None:
    referrals().refuses(replace(SEND, consent=consent), "consent_needed")


def test_a_thematique_is_one_of_data_inclusion() -> None:
    referrals().refuses(replace(SEND, thematique="voyance"), "unknown_thematique")


@pytest.mark.parametrize(
    ("given", "command", "event"),
    [
        ((SEND,), SEE, ReferralSeen("p-1", "r-1", GRETA, NEXT)),
        ((SEND,), ACCEPT, ReferralAccepted("p-1", "r-1", GRETA, NEXT)),
        ((SEND, SEE), ACCEPT, ReferralAccepted("p-1", "r-1", GRETA, NEXT)),
        ((SEND,), DECLINE, ReferralDeclined("p-1", "r-1", GRETA, "session-complete", NEXT)),
        ((SEND, SEE), DECLINE, ReferralDeclined("p-1", "r-1", GRETA, "session-complete", NEXT)),
        ((SEND, ACCEPT), COMPLETE, ReferralCompleted("p-1", "r-1", GRETA, "ENTREE_EN_FORMATION", NEXT)),
        ((SEND,), WITHDRAW, ReferralWithdrawn("p-1", "r-1", GRETA, "DEMANDE", NEXT)),
        ((SEND, SEE), WITHDRAW, ReferralWithdrawn("p-1", "r-1", GRETA, "DEMANDE", NEXT)),
        ((SEND, ACCEPT), WITHDRAW, ReferralWithdrawn("p-1", "r-1", GRETA, "DEMANDE", NEXT)),
    ],
)
def test_the_steps_of_a_referral(given: tuple[Any, ...], command: Any, event: Any) -> None:
    assert referrals(*given).when(command) == [event]


@pytest.mark.parametrize(
    ("given", "command", "code"),
    [
        ((SEND, SEE), SEE, "referral_already_seen"),
        ((SEND, ACCEPT), SEE, "referral_already_seen"),
        ((SEND, ACCEPT), ACCEPT, "referral_already_answered"),
        ((SEND, ACCEPT), DECLINE, "referral_already_answered"),
        ((SEND,), COMPLETE, "referral_not_accepted"),
        ((SEND, SEE), COMPLETE, "referral_not_accepted"),
    ],
)
def test_no_step_is_taken_twice_or_skipped(given: tuple[Any, ...], command: Any, code: str) -> None:
    referrals(*given).refuses(command, code)


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
def test_what_was_never_sent_has_no_answer(command: Any) -> None:
    referrals().refuses(command, "referral_unknown")


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
def test_nothing_happens_to_a_referral_before_it_is_sent(command: Any) -> None:
    referrals(SEND).refuses(replace(command, on=BEFORE), "before_the_referral")


@pytest.mark.parametrize("command", ANSWERS)
def test_nobody_answers_for_the_addressed_partner(command: Any) -> None:
    referrals(SEND).refuses(replace(command, organisation="ml-alencon"), "not_the_addressed_partner")


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
@pytest.mark.parametrize("given", ENDED)
def test_a_referral_ends_once(given: tuple[Any, ...], command: Any) -> None:
    referrals(*given).refuses(command, "referral_ended")


def test_an_exit_withdraws_all_that_waits_and_nothing_else() -> None:
    waiting, later = replace(SEND, referral="r-2"), replace(SEND, referral="r-3", on=date(2023, 3, 11))
    gone = referrals(SEND, ACCEPT, waiting, later, replace(SEE, referral="r-2")).when(WITHDRAW_ALL)
    assert gone == [ReferralWithdrawn("p-1", "r-2", GRETA, "SORTIE", NEXT)]


@pytest.mark.parametrize("given", [(), (SEND, ACCEPT), *ENDED])
def test_where_nothing_waits_nothing_is_withdrawn(given: tuple[Any, ...]) -> None:
    referrals(*given).refuses(WITHDRAW_ALL, "no_open_referral")
