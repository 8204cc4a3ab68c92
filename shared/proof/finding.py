"""What a verification finds wrong."""

from typing import Literal

from msgspec import Struct

Kind = Literal["changed", "missing", "added", "moved", "cut", "column", "gap", "version", "signature", "head", "fork", "unsealed"]


class Finding(Struct, frozen=True):
    """`text` is a sentence without its capital and its full stop, for whoever operates the log or audits it.

    changed     an event is not the one that was sealed
    missing     an event that was sealed is gone
    added       an event stands among sealed ones that was not sealed
    moved       sealed events are in another order
    cut         the log ends before what was sealed
    column      what the database holds beside an event is not what the event says
    gap         an event does not follow the one before it
    version     the versions of a stream have a hole
    signature   a checkpoint is not signed by the key of the log
    head        what was kept of a checkpoint is not what was signed
    fork        a checkpoint that somebody was given is not one of this log
    unsealed    no checkpoint is in order, and there are events
    """

    kind: Kind
    text: str
