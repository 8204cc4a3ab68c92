"""What a command must meet before any state is looked at: its data, the rules of its fields, and its times.

A fact is recorded after it happened, never before. The clocks of phones and servers differ a little: a time that is ahead by no more than
the tolerance is taken for now. A policy's command carries the time of the event that caused it, which the log has recorded: it is never
refused for its time, whatever this server's clock says.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from msgspec.structs import replace

from shared.errors import Invalid
from shared.field_rules import Circumstances, FactRule, Faults, Rules
from shared.message import CommandMessage, EventMessage
from shared.time import Clock
from shared.validation import CommandParser, ValidationTexts

log = logging.getLogger(__name__)

WARNING_INTERVAL = timedelta(minutes=1)


class Admitted(NamedTuple):
    """The message with the time that is recorded, the values of its data, and the circumstances of its fact."""

    message: CommandMessage
    values: dict[str, Any]
    circumstances: Circumstances


class Admission:
    """`rules` are those that fields may name; `fact_rule` is the rule of the day of every fact. `zone` decides which day an instant is."""

    def __init__(
        self,
        clock: Clock,
        zone: tzinfo,
        texts: ValidationTexts,
        rules: Rules | None = None,
        fact_rule: FactRule | None = None,
        tolerance: timedelta = timedelta(),
    ) -> None:
        self.clock = clock
        self.zone = zone
        self.texts = texts
        self.rules = rules or {}
        self.fact_rule = fact_rule
        self.tolerance = tolerance
        self.warn_after = datetime.min.replace(tzinfo=UTC)

    def admit(self, parser: CommandParser, message: CommandMessage) -> Admitted:
        """Validate a command.

        Raises:
            Invalid: with every fault of its data and of its times.
        """
        now = self.clock()
        circumstances = self.circumstances(message, now)
        faults = self.time_faults(message, circumstances, now)
        if faults:  # the other fields are checked as of today: nothing can be computed from an impossible day
            circumstances = self.circumstances(replace(message, time=now, recorded_time=None), now)
        try:
            values = parser.validate(message.data, lambda rule, value: self.rules[rule](value, circumstances) if self.rules else ())
        except Invalid as invalid:
            raise Invalid(faults | invalid.faults) from invalid
        if faults:
            raise Invalid(faults)
        return Admitted(message if caused_by_event(message) else not_ahead(message, now), values, circumstances)

    def compare_clocks(self, history: Sequence[EventMessage] | None) -> None:
        """Warn, once a minute, when the log's clock is ahead of this one by more than the tolerance."""
        now = self.clock()
        if history and history[-1].recordedtime > now + self.tolerance and now >= self.warn_after:
            self.warn_after = now + WARNING_INTERVAL
            log.warning(
                "this clock is behind the log's by %s: facts of people are refused or dated too early", history[-1].recordedtime - now
            )

    def circumstances(self, message: CommandMessage, now: datetime) -> Circumstances:
        recorded = message.recorded_time or now
        recording = max(recorded, message.time) if caused_by_event(message) else recorded
        return Circumstances(self.day(min(message.time, recording)), self.day(recording), message.territory)

    def time_faults(self, message: CommandMessage, circumstances: Circumstances, now: datetime) -> Faults:
        if caused_by_event(message):
            return {}
        faults: Faults = {}
        if message.recorded_time is not None and message.recorded_time > now + self.tolerance:
            faults["recorded_time"] = [self.texts.in_the_future]
        if message.time > (message.recorded_time or now) + self.tolerance:
            faults["time"] = [self.texts.in_the_future]
        elif self.fact_rule is not None and (before := list(self.fact_rule(circumstances))):
            faults["time"] = before
        return faults

    def day(self, moment: datetime) -> date:
        """The calendar day of an instant; at the ends of the calendar, where no time zone can be applied, the day as it is written."""
        try:
            return moment.astimezone(self.zone).date()
        except OverflowError:
            return moment.date()


def caused_by_event(message: CommandMessage) -> bool:
    """Whether a policy gives this command. No sender can say so: a request has no such field."""
    return message.causation_id is not None


def not_ahead(message: CommandMessage, now: datetime) -> CommandMessage:
    """The message, at the time of its recording if its sender's clock is ahead."""
    recorded = message.recorded_time or now
    return replace(message, time=recorded.astimezone(UTC)) if message.time > recorded else message
