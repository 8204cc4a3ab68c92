"""What can go wrong, as one tree.

    Fault
    ├── CodedFault        people read it: a stable code, and details for the text that the catalogue has for the code
    │   ├── Refused       the rules do not allow the command; nothing is recorded
    │   └── Forbidden     the actor may not do this, or not here
    ├── Invalid           the input cannot be read; every fault is listed at once, under its field
    ├── Conflict          another writer appended first; load and decide again
    ├── TooLarge          an event or a name exceeds the documented limit of the log
    ├── Unrecordable      an event that no reader could read, or a name that not every log can hold
    ├── Misconfigured     a setting with which nothing can be opened; only whoever starts the process can mend it
    ├── Outdated          the log has the shape of an earlier version, which this one neither reads nor changes
    ├── UnknownPosition   no event of this log has this position
    ├── Unforeseen        another process failed with an exception that is not a Fault; its log has the details
    └── Unavailable       a server is away. The outcome of an append is unknown: the same command id may be sent again
        ├── Damaged       a file of the log is no readable database: no waiting mends it, a copy has to be restored
        └── Replaced      the read models were rebuilt by another process: reload the checkpoint

No fault carries a sentence for people. Users read the catalogue's text for the code; operators read `str(fault)` in the log.
"""

from collections.abc import Mapping


class Fault(Exception):
    """Any failure that this system names itself."""


class CodedFault(Fault):
    """A failure that is shown to people.

    `code` is stable: programs compare it, and the catalogue has one French text for it. `details` fill the placeholders of that text;
    they are strings or numbers, so that they travel as JSON.
    """

    def __init__(self, code: str, **details: str | int) -> None:
        super().__init__(f"{code} {details}" if details else code)
        self.code = code
        self.details = details


class Refused(CodedFault):
    """The rules do not allow the command. The state of the stream is unchanged."""


class Forbidden(CodedFault):
    """The actor may not do this action, or not in this territory."""


class Invalid(Fault):
    """Untrusted input that cannot become a command. `faults` maps each field (dotted path, `_` for the whole input) to its messages."""

    def __init__(self, faults: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(messages)}" for field, messages in faults.items()))
        self.faults: dict[str, list[str]] = dict(faults)


class Conflict(Fault):
    """The stream is not at the version that the writer expected."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(f"{stream} is at version {actual}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.actual = actual


class TooLarge(Fault):
    """An event whose encoded body exceeds the limit of the log, or a name that does."""


class Unrecordable(Fault):
    """What no log accepts, so that every log can be read to its end. Sending it again does not help: the writer has a defect."""


class UnknownPosition(Fault):
    """A position that no event of this log has: it belongs to another log, or the log was restored from an earlier copy."""

    def __init__(self, position: int) -> None:
        super().__init__(f"no event of this log has position {position}: does it belong to another log?")
        self.position = position


class Misconfigured(Fault):
    """Settings with which nothing can be opened: a sentence for each. They are for whoever starts the process, and repeat no secret."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


class Outdated(Fault):
    """A log that an earlier version wrote. `location` names the file or the table."""

    def __init__(self, location: str) -> None:
        super().__init__(f"{location} holds a log in the shape of an earlier version: export it with that version and load it here.")
        self.location = location


class Unforeseen(Fault):
    """A defect in another process. Its log has the traceback."""


class Unavailable(Fault):
    """The log, the read models or the broker cannot be reached now."""


class KeysUnavailable(Unavailable):
    """The keys of persons cannot be reached now. What states nothing personal can be recorded."""


class Damaged(Unavailable):
    """A file that holds what cannot be made again is no readable database any more. It is never replaced by a new one."""


class Replaced(Unavailable):
    """Do not retry: only a restart of the projection, which reloads the checkpoint, clears it."""


def exception_name(reason: str) -> str:
    """The reason of a failure without the text of its exception, which may quote what is recorded: for who may not read that."""
    return reason.partition(":")[0]
