"""A command as text, read as far as its way has to know it, whatever is wrong with it."""

from typing import Any

import msgspec
from msgspec import Raw, Struct


class CommandText(Struct):
    """As much of a command as this has to know, whatever is wrong with it."""

    id: Any = None
    type: Any = None
    data: Raw = Raw(b"{}")


MEMBERS = frozenset({"id", "type", "territory", "data", "time", "actor", "traceparent", "recorded_time"})  # of a command as it is sent
decode_command = msgspec.json.Decoder(CommandText).decode
decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
