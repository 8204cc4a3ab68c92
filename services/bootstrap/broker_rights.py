"""The users of RabbitMQ: one for each process, with the rights that its work needs and no other.

RabbitMQ knows three rights, each a pattern of names: to configure (declare and delete), to write (publish to an exchange, bind a queue)
and to read (consume or empty a queue, bind to an exchange). For an exchange of topics it also compares the routing key.

| process | configure | write | read | keys on the exchange of RPC |
|---|---|---|---|---|
| a service | its queues | its queues, dead letters, replies | its queues, the exchanges it binds them to, the feed | binds its own |
| reporting, also | `journey.figures` | | | |
| relay | `journey.feed` | `journey.events`, and the default exchange for the feed | the feed | |
| gateway | | the exchange of RPC | dead letters | publishes those of services |

Nobody may configure an exchange, so none can be deleted: they come with the definitions (`deploy/broker_users.py`).

Replies go through the default exchange (ADR 54), and so do messages for one queue. Whoever may write to it reaches every queue by its name.
That changes nothing for an inbox, which handles what the log has, nor for a service, which checks the identity of who asks. Readers of
the streams look who published (`user_id`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from services.bootstrap.names import GATEWAY, NAMES, PROCESSES, RELAY, WITHOUT_INBOX
from shared.bus.names import Names
from shared.bus.topology import DIRECT, TOPIC

NOTHING = "^$"  # matches no name; an empty pattern would too, and looks like a forgotten one
REPLIES = "amq.default"  # how permissions call the default exchange
REPORTING = "reporting"  # which publishes the figures that moved


class Rights(Struct, frozen=True):
    """Patterns of names. `write_keys` and `read_keys` are patterns of keys on the exchange of RPC."""

    configure: str = NOTHING
    write: str = NOTHING
    read: str = NOTHING
    write_keys: str = NOTHING
    read_keys: str = NOTHING


def rights_of(process: str, names: Names) -> Rights:
    if process == GATEWAY:
        return Rights(write=any_of([names.rpc]), read=any_of(map(names.dead_letters, with_inbox())), write_keys=f"^({'|'.join(NAMES)})\\.")
    if process == RELAY:
        return Rights(configure=any_of([names.feed]), write=any_of([names.events, REPLIES]), read=any_of([names.feed]))
    queues = queues_of(process, names)
    exchanges = [names.events, names.dead] if process in with_inbox() else []
    return Rights(
        configure=any_of([*queues, *([names.figures] if process == REPORTING else [])]),
        write=any_of([*queues, *exchanges[1:], REPLIES]),
        read=any_of([*queues, names.rpc, *exchanges, names.feed]),
        read_keys=f"^{re.escape(process)}\\.\\*$",
    )


def queues_of(service: str, names: Names) -> Sequence[str]:
    inbox = [names.inbox(service), names.dead_letters(service)] if service in with_inbox() else []
    return [names.requests(service), *inbox]


def with_inbox() -> Sequence[str]:
    return [name for name in NAMES if name not in WITHOUT_INBOX]


def exchanges(names: Names) -> Mapping[str, str]:
    """The exchanges of the product, with their types."""
    return {names.events: TOPIC, names.dead: DIRECT, names.rpc: TOPIC}


def any_of(names: Iterable[str]) -> str:
    return f"^({'|'.join(map(re.escape, names))})$"


def rights(names: Names) -> Mapping[str, Rights]:
    """By the name of a process."""
    return {process: rights_of(process, names) for process in PROCESSES}
