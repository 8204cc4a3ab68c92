"""What a service answers over RPC: values, never exceptions.

A reply to a command is a JSON object with one member, which names the outcome, so that no caller guesses from the name of a remote
exception. A query answers with its own JSON, or with one of the objects below that name a fault:

    {"accepted": {"command", "stream", "version", "position", "events"}}
    {"invalid": {field: [messages]}}
    {"refused": {"code", "details"}}        the rules do not allow it
    {"forbidden": {"code", "details"}}      the actor may not do it
    {"unknown_position": position}          the log ends before it
    {"unavailable": reason}                 the outcome is unknown: send the same command id again
    {"unforeseen": exception name}          a defect; only where several callers share a call, otherwise the exception is raised
"""

from typing import Any

import msgspec

from shared.command_type import Answer
from shared.errors import Conflict, Fault, Forbidden, Invalid, Refused, TooLarge, Unavailable, Unforeseen, UnknownPosition

Reply = dict[str, Any]


def accepted(answer: Answer) -> Reply:
    return {"accepted": msgspec.to_builtins(answer)}


def reply_to(result: Answer | Fault) -> Reply:
    """The reply that carries an answer or a fault. A fault that no caller can handle is raised."""
    match result:
        case Answer():
            return accepted(result)
        case Invalid(faults=faults):
            return {"invalid": faults}
        case Forbidden(code=code, details=details):
            return {"forbidden": {"code": code, "details": details}}
        case Refused(code=code, details=details):
            return {"refused": {"code": code, "details": details}}
        case TooLarge():
            return {"refused": {"code": "too_large", "details": {}}}
        case UnknownPosition(position=position):
            return {"unknown_position": position}
        case Unavailable() | Conflict():
            return {"unavailable": str(result)}
        case _:
            raise result


def fault_in(reply: Any) -> Fault | None:
    """The fault that a reply carries, if any: the inverse of `reply_to`, at the other end of the wire."""
    match reply:
        case {"invalid": dict(faults)}:
            return Invalid(faults)
        case {"forbidden": {"code": str(code), "details": dict(details)}}:
            return Forbidden(code, **details)
        case {"refused": {"code": str(code), "details": dict(details)}}:
            return Refused(code, **details)
        case {"unknown_position": int(position)}:
            return UnknownPosition(position)
        case {"unavailable": str(reason)}:
            return Unavailable(reason)
        case {"unforeseen": str(exception)}:
            return Unforeseen(exception)
        case _:
            return None
