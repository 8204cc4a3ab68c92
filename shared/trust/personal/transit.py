"""Fields of commands on their way: from a gateway, over the broker, to the service that decides.

The broker writes what waits in its queues to files. So what a command says of a person is encrypted under a key that gateways and services
derive from the key-encryption key, and bound to the id of the command and the name of the field. The service opens it before it validates
anything: what a sender wrote is validated as it was written.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Raw, Struct

from shared.trust.personal.cipher import Unreadable, seal, unseal
from shared.trust.personal.marked_fields import personal_fields

PURPOSE = "commands on their way"


class Request(Struct):
    """As much of a command as this has to know, whatever is wrong with it."""

    id: Any = None
    type: Any = None
    data: Raw = Raw(b"{}")


decode_request = msgspec.json.Decoder(Request).decode
decode_members = msgspec.json.Decoder(dict[str, Raw]).decode


class Transit:
    """`read_key` is asked when the key is needed. `commands` are those of services that have it, by name. What they do not declare may be
    a name, sent by mistake: it is encrypted, too.
    """

    def __init__(self, read_key: Callable[[], bytes], commands: Mapping[str, type[Any]]) -> None:
        self.read_key = read_key
        self.clear = {
            name: frozenset(command.__struct_fields__) - {field.name for field in personal_fields(command)}
            for name, command in commands.items()
        }

    @cached_property
    def key(self) -> bytes:
        return self.read_key()

    def sealed(self, command: str) -> str:
        """A command as text, with its personal fields encrypted. What has no data is passed on as it is: the service says what is wrong."""
        try:
            request = decode_request(command)
            data = dict(decode_members(request.data))
            hidden = data.keys() - self.clear[request.type] if request.type in self.clear else ()
            if not hidden:
                return command
            members = decode_members(command)
        except (msgspec.MsgspecError, UnicodeError, TypeError):  # TypeError: its type is no text
            return command
        id = str(request.id)
        sealed = {name: seal(self.key, value, bound_to(id, name)) if name in hidden else value for name, value in data.items()}
        return msgspec.json.encode({**members, "data": sealed}).decode()

    def open(self, command: Any) -> None:
        """Put what was encrypted in its place again, in a command as it was decoded."""
        if not isinstance(command, dict) or not isinstance(command.get("data"), dict) or str(command.get("type")) not in self.clear:
            return
        data, id = command["data"], str(command.get("id"))
        for name, value in data.items():
            if isinstance(value, dict) and value.keys() == {"sealed"} and isinstance(value["sealed"], str):
                with suppress(Unreadable):  # what is no text of ours stays, and is refused as what it is: a field of the wrong type
                    data[name] = unseal(self.key, value["sealed"], bound_to(id, name))


def bound_to(id: str, field: str) -> str:
    return f"{id}|{field}"
