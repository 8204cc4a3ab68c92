"""Checks of an append before it takes a lock: names and bodies that any log can store and any reader can decode.

The log is immutable. An event that cannot be decoded could never be removed, and every reader of the whole log would stop at it. So
each body is decoded once before it is appended, in the same way as readers decode it; this costs about two microseconds. The limits
are the same for every adapter, so that a log can be moved from one database to another.
"""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from shared.errors import TooLarge, Unrecordable
from shared.message import EventBody
from shared.store.port import BODY_LIMIT, NAME_LIMIT, Append, NewEvent


class SubmittedBody(EventBody, frozen=True, kw_only=True, gc=False):
    """A body as the writer submits it, with any of the fields that belong to the log.

    The log writes its own fields before the body's. If the body had them too, a decoder would take the last value, the writer's.
    """

    data: Raw = Raw(b"{}")
    previous: Any | UnsetType = UNSET
    position: Any | UnsetType = UNSET
    streamversion: Any | UnsetType = UNSET
    recordedtime: Any | UnsetType = UNSET


class CheckedAppend(Append, frozen=True):
    """An append that every log can store: it is not checked again."""


decode_body = msgspec.json.Decoder(SubmittedBody).decode


def check_append(append: Append) -> CheckedAppend:
    """The same append, if every log can store it.

    Raises:
        ValueError: it has no events.
        TooLarge: a body is over BODY_LIMIT or a name over NAME_LIMIT.
        Unrecordable: a name or a body is malformed.
    """
    if isinstance(append, CheckedAppend):
        return append
    if not append.events:
        raise ValueError(f"an append to {append.stream} without events")
    check_name(append.stream)
    for event in append.events:
        check_type(event.type)
        check_body(event, event.body)
    return CheckedAppend(append.stream, append.expected, append.events, append.recorded_at)


def check_name(name: str) -> None:
    """Check a stream name or an event type."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError as fault:
        raise Unrecordable(f"{name!r} is not valid Unicode text: {fault.reason}") from fault
    if size > NAME_LIMIT:
        raise TooLarge(f"the name {name[:40]}… takes {size} bytes; the limit is {NAME_LIMIT}")
    if not name or "\0" in name:
        raise Unrecordable(f"{name!r} is not a valid name: it is empty or contains U+0000")


check_type = lru_cache(1_024)(check_name)  # there are few types, and each comes often; what is raised is not kept


def check_body(event: NewEvent, body: bytes) -> None:
    """Check that readers can decode a body, and that it agrees with its event."""
    if len(body) > BODY_LIMIT:
        raise TooLarge(f"{event.type} takes {len(body)} bytes; the limit for one event is {BODY_LIMIT}")
    if not body.startswith(b'{"') or b"\n" in body:
        raise Unrecordable(f"the body of {event.type} is not one line of JSON")
    try:
        if not body.isascii():
            body.decode()
        decoded = decode_body(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise Unrecordable(f"the body of {event.type} cannot be decoded: {fault}") from fault
    if decoded.id.int != event.id.int or decoded.type != event.type:
        raise Unrecordable(f"the body of {event.type} has a different id or type than its event")
    if not (decoded.previous is decoded.position is decoded.streamversion is decoded.recordedtime is UNSET):
        raise Unrecordable(f"the body of {event.type} has a field that belongs to the log")
