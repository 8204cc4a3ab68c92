"""What no log may hold is refused before it meets a lock: an event that cannot be read again could never be taken out again.

Every reader of the whole log would stop at it for good. So the body is decoded once as readers will decode it, for some two
microseconds, whichever log it is for; and what the log itself looks for, the names, is of a form that every log can hold.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from shared.errors import TooLarge, Unrecordable
from shared.message import EventBody
from shared.store.port import BODY_LIMIT, NAME_LIMIT, Append, NewEvent


class Body(EventBody, frozen=True, kw_only=True, gc=False):
    """As its writer made it. The log's own fields are put in front of it: given here, they would be read in their stead."""

    data: Raw = Raw(b"{}")
    previous: Any | UnsetType = UNSET
    position: Any | UnsetType = UNSET
    streamversion: Any | UnsetType = UNSET
    recordedtime: Any | UnsetType = UNSET


decode = msgspec.json.Decoder(Body).decode


def checked(append: Append) -> Append:
    if not append.events:
        raise ValueError(f"an append to {append.stream} without events")
    for name in {append.stream, *[event.type for event in append.events]}:
        check_name(name)
    for event in append.events:
        check_body(event, event.body)
    return append


def check_name(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError as fault:
        raise Unrecordable(f"{name!r} is no text: {fault.reason}") from fault
    if size > NAME_LIMIT:
        raise TooLarge(f"{name[:40]}… is a name of {size} bytes; the log takes {NAME_LIMIT}")
    if not name or "\0" in name:
        raise Unrecordable(f"{name!r} is no name: it is empty, or has U+0000 in it")


def check_body(event: NewEvent, body: bytes) -> None:
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"{event.type} takes {len(body)} bytes; the log takes {BODY_LIMIT} an event")
    if not body.startswith(b'{"') or b"\n" in body:
        raise Unrecordable(f"the body of {event.type} is not one line of JSON")
    try:
        body.decode()
        read = decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Unrecordable(f"the body of {event.type} could not be read again: {fault}") from fault
    if read.id.int != event.id.int or read.type != event.type:
        raise Unrecordable(f"the body of {event.type} has another id or type than its event")
    if not (read.previous is read.position is read.streamversion is read.recordedtime is UNSET):
        raise Unrecordable(f"the body of {event.type} has a field that is the log's own")
