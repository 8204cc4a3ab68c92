"""Any commands about the referrals of one person, in any order, on their day or long after it."""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from hypothesis.strategies import SearchStrategy

from services.referrals import referral
from services.referrals.answer_commands import AcceptReferral, CompleteReferral, SeeReferral
from services.vocabulary.thematiques import LABELS
from tests.harness.aggregate_machine import FIRST_DAY, AggregateMachine

ONE_OF = st.sampled_from
VALUES: dict[str, SearchStrategy[Any]] = {
    "person": st.just("p-1"),
    "referral": ONE_OF(["r-1", "r-2", "r-3"]),
    "partner": ONE_OF(["greta-orne", "cap-emploi"]),
    "organisation": ONE_OF(["greta-orne", "cap-emploi"]),
    "thematique": st.just(min(LABELS)),
    "consent": ONE_OF(["c-1", "c-2"]),
    "territory": st.just("alencon"),
    "listed": st.just({"alencon": FIRST_DAY - timedelta(days=100)}),
}
DAYS_AGO = ONE_OF([0, 0, 0, 1, 10, 60])
AFTER: dict[type[Any], set[type[Any]]] = {
    referral.ReferralSeen: {referral.ReferralSent},
    referral.ReferralAccepted: {referral.ReferralSent, referral.ReferralSeen},
    referral.ReferralDeclined: {referral.ReferralSent, referral.ReferralSeen},
    referral.ReferralCompleted: {referral.ReferralAccepted},
    referral.ReferralWithdrawn: {referral.ReferralSent, referral.ReferralSeen, referral.ReferralAccepted},
}


def any_of(*types: type[Any]) -> SearchStrategy[Any]:
    return st.one_of([st.builds(each, **{name: VALUES[name] for name in each.__struct_fields__ if name in VALUES}) for each in types])


class ReferralMachine(AggregateMachine):
    decider = referral.decider

    def __init__(self) -> None:
        super().__init__()
        self.latest: dict[str, Any] = {}
        self.partners: dict[str, str] = {}

    @rule(command=any_of(referral.SendReferral))
    def send(self, command: Any) -> None:
        self.take(command)

    @precondition(lambda self: bool(self.latest))
    @rule(command=any_of(SeeReferral, AcceptReferral, CompleteReferral), days_ago=DAYS_AGO)
    def answer(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    @rule(command=any_of(*referral.decider.command_types), days_ago=DAYS_AGO)
    def do_anything(self, command: Any, days_ago: int) -> None:
        self.take(command, days_ago)

    def take(self, command: Any, days_ago: int = 0) -> None:
        for event in self.give(command, days_ago):
            before = self.latest.get(event.referral)
            if isinstance(event, referral.ReferralSent):
                assert before is None
                assert event.consent.strip()
                self.partners[event.referral] = event.partner
            else:
                assert type(before) in AFTER[type(event)]
                assert before is not None
                assert event.on >= before.on
                assert event.partner == self.partners[event.referral] == getattr(command, "organisation", event.partner)
            if isinstance(command, referral.WithdrawOpenReferrals):
                assert not isinstance(before, referral.ReferralAccepted), "an exit withdraws no accepted referral"
            self.latest[event.referral] = event


TestReferral = ReferralMachine.TestCase
TestReferral.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
