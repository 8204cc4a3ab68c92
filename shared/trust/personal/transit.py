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
from msgspec import Raw

from shared.trust.personal.cipher import Unreadable, seal, unseal
from shared.trust.personal.command_text import MEMBERS, CommandText, decode_command, decode_members
from shared.trust.personal.marked_fields import personal_fields

PURPOSE = "commands on their way"


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
        """A command as text, with its personal fields encrypted.

        What stands elsewhere in it may be a name, too, and is refused whatever it is: so nothing of it is carried but that it is there.
        """
        try:
            request, members = decode_command(command), decode_members(command)
            if request.type not in self.clear:
                return command
            carried: dict[str, Any] = {name: value if name in MEMBERS else 0 for name, value in members.items()}
            if "data" in members:
                carried["data"] = self.sealed_data(request) if bytes(request.data).startswith(b"{") else 0
        except (msgspec.MsgspecError, UnicodeError, TypeError):  # TypeError: its type is no text
            return command
        return command if carried == members else msgspec.json.encode(carried).decode()

    def sealed_data(self, request: CommandText) -> dict[str, Any] | Raw:
        data, id = decode_members(request.data), str(request.id)
        hidden = data.keys() - self.clear[request.type]
        if not hidden:
            return request.data
        return {name: seal(self.key, value, bound_to(id, name)) if name in hidden else value for name, value in data.items()}

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
