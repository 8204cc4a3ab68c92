"""The information of a prescriber about a person they sent: once when the orientation is accepted, once when the journey ends.

One stream per orientation, `loop-<orientation>`.
"""

from datetime import date

from msgspec import Struct

from services.referrals.coded_values import InformedOf
from services.vocabulary.fields import Id
from shared.command_fields import FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class PrescriberInformed(Struct, frozen=True, tag=True):
    """The prescriber knows this much of the person they sent."""

    orientation: Identifier
    prescriber: Identifier
    milestone: InformedOf
    on: date


# State: what is true -------------------------------------------------------------------------------------------------


class Information(Struct, frozen=True):
    """Who is informed, and of what they know already."""

    prescriber: str | None = None
    milestones: frozenset[InformedOf] = frozenset()


State = Information
initial: State = Information()


def evolve(state: State, event: PrescriberInformed) -> State:
    return Information(event.prescriber, state.milestones | {event.milestone})


# Commands: what may be requested -------------------------------------------------------------------------------------


class InformPrescriber(Struct, frozen=True):
    """`prescriber` is needed the first time; afterwards the stream knows it."""

    orientation: Id
    milestone: InformedOf
    on: FactDate
    prescriber: Id | None = None


def stream(command: InformPrescriber) -> str:
    return f"loop-{command.orientation}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: InformPrescriber) -> list[PrescriberInformed]:
    prescriber = command.prescriber or state.prescriber
    if prescriber is None:
        raise Refused("prescriber_unknown")
    if command.milestone in state.milestones:
        raise Refused("prescriber_already_informed")
    return [PrescriberInformed(command.orientation, prescriber, command.milestone, command.on)]


decider = Decider(
    "referrals", commands=InformPrescriber, events=PrescriberInformed, initial=initial, evolve=evolve, decide=decide, stream=stream
)
