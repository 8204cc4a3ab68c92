"""From a recorded event to the command that a policy gives for it, without a log or a broker."""

from datetime import date
from typing import Any

import msgspec

from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn
from shared.policy import Policy
from shared.validation import CommandParser


def command_of(policy: Policy, event: Any, *, on: date, territory: str = "alencon") -> Any:
    """The command that the policy gives for an event of that day and territory; None if it gives none.

    `event` is a struct or a dictionary of its fields, as JSON has them. The data that the policy gives is validated, as in production.
    """
    data = policy.data(msgspec.json.decode(msgspec.json.encode(event), type=policy.reads))
    if data is None:
        return None
    parser = CommandParser(policy.command, VALIDATION)
    return parser.build(parser.validate(data), {FilledIn.FACT_DATE: on, FilledIn.TERRITORY: territory})
