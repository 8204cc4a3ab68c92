"""From a recorded event to the command that a policy gives for it, without a log or a broker."""

from datetime import date
from typing import Any

import msgspec

from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn
from shared.policy import Policy
from shared.validation import CommandParser


def command_of(policy: Policy, event: Any, *, on: date, territory: str = "alencon") -> Any:
    """The one command that the policy gives for an event of that day and territory.

    `event` is a struct or a dictionary of its fields, as JSON has them. The data that the policy gives is validated, as in production.
    """
    (command,) = commands_of(policy, event, on=on, territory=territory)
    return command


def commands_of(policy: Policy, event: Any, *, on: date, territory: str = "alencon") -> list[Any]:
    """Each command that it gives."""
    parser = CommandParser(policy.command, VALIDATION)
    given = policy.data(msgspec.json.decode(msgspec.json.encode(event), type=policy.reads))
    return [parser.build(parser.validate(data), {FilledIn.FACT_DATE: on, FilledIn.TERRITORY: territory}) for data in given]
