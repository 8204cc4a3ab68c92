"""One referral: sent with consent, seen, answered by its addressee, completed; or withdrawn."""

from datetime import date
from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from services.referrals.answer_commands import AcceptReferral, CompleteReferral, DeclineReferral, SeeReferral
from services.referrals.coded_values import DeclineReason, ReferralResult, WithdrawalReason
from services.referrals.referral import (
    ReferralAccepted,
    ReferralCompleted,
    ReferralDeclined,
    ReferralSeen,
    ReferralSent,
    ReferralWithdrawn,
    SendReferral,
    WithdrawOpenReferrals,
    WithdrawReferral,
    decider,
)
from services.vocabulary.person_standing import NOBODY
from tests.harness.persons import MET
from tests.harness.specification import given

DAY, ANSWER_DAY, DAY_BEFORE = date(2023, 3, 1), date(2023, 3, 10), date(2023, 2, 28)
GRETA = "greta-orne"
THEMATIQUE = "lecture-ecriture-calcul--maitriser-le-francais"

SEND = SendReferral(
    person="p-1",
    referral="r-1",
    partner=GRETA,
    thematique=THEMATIQUE,
    consent="c-1",
    shared_fields=["contact"],
    on=DAY,
    by="coach-1",
    territory="alencon",
    listed={"alencon": DAY},
    standing=MET,
    service="formation",
)
SEE = SeeReferral(person="p-1", referral="r-1", on=ANSWER_DAY, organisation=GRETA)
ACCEPT = AcceptReferral(person="p-1", referral="r-1", on=ANSWER_DAY, organisation=GRETA)
DECLINE = DeclineReferral(person="p-1", referral="r-1", reason=DeclineReason.SESSION_COMPLETE, on=ANSWER_DAY, organisation=GRETA)
COMPLETE = CompleteReferral(person="p-1", referral="r-1", result=ReferralResult.ENTREE_EN_FORMATION, on=ANSWER_DAY, organisation=GRETA)
WITHDRAW = WithdrawReferral(person="p-1", referral="r-1", reason=WithdrawalReason.DEMANDE, on=ANSWER_DAY)
WITHDRAW_OPEN = WithdrawOpenReferrals(person="p-1", reason=WithdrawalReason.SORTIE, on=ANSWER_DAY)
ANSWERS = (SEE, ACCEPT, DECLINE, COMPLETE)

SENT = ReferralSent(
    person="p-1",
    referral="r-1",
    partner=GRETA,
    service="formation",
    thematique=THEMATIQUE,
    consent="c-1",
    shared_fields=["contact"],
    by="coach-1",
    territory="alencon",
    on=DAY,
)
SEEN = ReferralSeen(person="p-1", referral="r-1", partner=GRETA, on=ANSWER_DAY)
ACCEPTED = ReferralAccepted(person="p-1", referral="r-1", partner=GRETA, on=ANSWER_DAY)
DECLINED = ReferralDeclined(person="p-1", referral="r-1", partner=GRETA, reason=DeclineReason.SESSION_COMPLETE, on=ANSWER_DAY)
COMPLETED = ReferralCompleted(person="p-1", referral="r-1", partner=GRETA, result=ReferralResult.ENTREE_EN_FORMATION, on=ANSWER_DAY)
WITHDRAWN = ReferralWithdrawn(person="p-1", referral="r-1", partner=GRETA, reason=WithdrawalReason.DEMANDE, on=ANSWER_DAY)
ENDED = ((SENT, WITHDRAWN), (SENT, DECLINED), (SENT, SEEN, DECLINED), (SENT, ACCEPTED, COMPLETED))


def test_a_referral_records_its_sender_addressee_purpose_and_consent() -> None:
    given(decider).when(SEND).then(SENT)
    assert decider.stream(SEND) == "referrals-p-1"


@pytest.mark.parametrize("history", [(SENT,), *ENDED])
def test_a_referral_is_sent_once_even_after_its_end(history: tuple[Any, ...]) -> None:
    given(decider, *history).when(SEND).then_refused("referral_already_sent")


def test_a_partner_receives_referrals_where_it_is_listed_and_since_then() -> None:
    given(decider).when(replace(SEND, listed={})).then_refused("partner_not_listed")
    given(decider).when(replace(SEND, listed={"flers": DAY})).then_refused("partner_not_listed")
    given(decider).when(replace(SEND, on=DAY_BEFORE)).then_refused("partner_not_listed")


def test_nobody_is_referred_before_they_are_met() -> None:
    given(decider).when(replace(SEND, standing=NOBODY), met=False).then_refused("person_unknown")
    given(decider).when(replace(SEND, standing=structs.replace(MET, met_on=ANSWER_DAY))).then_refused("before_the_meeting")


@pytest.mark.parametrize(
    ("history", "command", "event"),
    [
        ((SENT,), SEE, SEEN),
        ((SENT,), ACCEPT, ACCEPTED),
        ((SENT, SEEN), ACCEPT, ACCEPTED),
        ((SENT,), DECLINE, DECLINED),
        ((SENT, SEEN), DECLINE, DECLINED),
        ((SENT, ACCEPTED), COMPLETE, COMPLETED),
        ((SENT,), WITHDRAW, WITHDRAWN),
        ((SENT, SEEN), WITHDRAW, WITHDRAWN),
        ((SENT, ACCEPTED), WITHDRAW, WITHDRAWN),
    ],
)
def test_the_steps_of_a_referral(history: tuple[Any, ...], command: Any, event: Any) -> None:
    given(decider, *history).when(command).then(event)


@pytest.mark.parametrize(
    ("history", "command", "code"),
    [
        ((SENT, SEEN), SEE, "referral_already_seen"),
        ((SENT, ACCEPTED), SEE, "referral_already_seen"),
        ((SENT, ACCEPTED), ACCEPT, "referral_already_answered"),
        ((SENT, ACCEPTED), DECLINE, "referral_already_answered"),
        ((SENT,), COMPLETE, "referral_not_accepted"),
        ((SENT, SEEN), COMPLETE, "referral_not_accepted"),
    ],
)
def test_no_step_is_repeated_or_skipped(history: tuple[Any, ...], command: Any, code: str) -> None:
    given(decider, *history).when(command).then_refused(code)


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
def test_a_referral_that_was_not_sent_cannot_be_answered(command: Any) -> None:
    given(decider).when(command).then_refused("referral_unknown")


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
def test_no_step_is_dated_before_the_referral(command: Any) -> None:
    given(decider, SENT).when(replace(command, on=DAY_BEFORE)).then_refused("before_the_referral")


@pytest.mark.parametrize("command", ANSWERS)
def test_only_the_addressed_partner_answers(command: Any) -> None:
    given(decider, SENT).when(replace(command, organisation="ml-alencon")).then_refused("not_the_addressed_partner")


@pytest.mark.parametrize("command", [*ANSWERS, WITHDRAW])
@pytest.mark.parametrize("history", ENDED)
def test_a_referral_ends_once(history: tuple[Any, ...], command: Any) -> None:
    given(decider, *history).when(command).then_refused("referral_ended")


def test_an_exit_withdraws_every_unanswered_referral_and_no_other() -> None:
    unanswered = (replace(SENT, referral="r-2"), replace(SEEN, referral="r-2"))
    sent_after_the_exit = replace(SENT, referral="r-3", on=date(2023, 3, 11))
    history = (SENT, ACCEPTED, *unanswered, sent_after_the_exit)
    withdrawn = replace(WITHDRAWN, referral="r-2", reason=WithdrawalReason.SORTIE)
    given(decider, *history).when(WITHDRAW_OPEN).then(withdrawn)


@pytest.mark.parametrize("history", [(), (SENT, ACCEPTED), *ENDED])
def test_an_exit_without_an_unanswered_referral_withdraws_nothing(history: tuple[Any, ...]) -> None:
    given(decider, *history).when(WITHDRAW_OPEN).then_refused("no_open_referral")


@pytest.mark.parametrize("command", [ACCEPT, DECLINE, WITHDRAW])
def test_the_steps_of_a_referral_are_in_the_order_of_their_days(command: Any) -> None:
    given(decider, SENT, SEEN).when(replace(command, on=DAY)).then_refused("before_the_last_step")


def test_what_a_partner_has_read_since_a_late_exit_is_withdrawn_on_the_day_it_was_read() -> None:
    withdrawn = replace(WITHDRAWN, reason=WithdrawalReason.SORTIE)
    given(decider, SENT, SEEN).when(replace(WITHDRAW_OPEN, on=DAY)).then(withdrawn)


def test_a_person_whose_referral_ended_is_sent_again_under_another_id() -> None:
    for history in ENDED:
        given(decider, *history).when(replace(SEND, referral="r-2", on=ANSWER_DAY)).then(replace(SENT, referral="r-2", on=ANSWER_DAY))
