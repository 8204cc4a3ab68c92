"""Closing the loop with whoever sent a person: told once at each milestone of what they started."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.decider import Decider
from shared.errors import Refused

Id = Annotated[str, Meta(max_length=64)]
Milestone = Literal["ACCEPTED", "EXITED"]


class PrescriberInformed(Struct, frozen=True, tag=True):
    orientation: str
    prescriber: str
    milestone: Milestone
    on: date


class Loop(Struct, frozen=True):
    prescriber: str | None = None
    milestones: frozenset[Milestone] = frozenset()


State = Loop
initial: State = Loop()


def evolve(state: State, event: PrescriberInformed) -> State:
    return Loop(event.prescriber, state.milestones | {event.milestone})


class InformPrescriber(Struct, frozen=True):
    """`prescriber` is needed the first time; afterwards the loop knows whom it informs."""

    orientation: Id
    milestone: Milestone
    on: date
    prescriber: Id | None = None


def stream(command: InformPrescriber) -> str:
    return f"loop-{command.orientation}"


def decide(state: State, command: InformPrescriber) -> list[PrescriberInformed]:
    prescriber = command.prescriber or state.prescriber
    if prescriber is None:
        raise Refused("prescriber_unknown", "Nobody is known to have sent this person.")
    if command.milestone in state.milestones:
        raise Refused("prescriber_already_informed", "The prescriber knows this already.")
    return [PrescriberInformed(command.orientation, prescriber, command.milestone, command.on)]


decider = Decider(
    "referrals", commands=InformPrescriber, events=PrescriberInformed, initial=initial, evolve=evolve, decide=decide, stream=stream
)
