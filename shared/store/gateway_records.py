"""The port of the records that gateways share, which each adapter (SQLite, PostgreSQL) offers."""

from collections.abc import Sequence
from typing import Protocol


class GatewayRecords(Protocol):
    """What the gateways of an installation know of each other, for a limited time. Times are whole seconds since 1970.

    Blocking and thread-safe. Every method raises Unavailable when the records cannot be reached; then what it did is unknown.
    """

    def end_session(self, id: str, expires_at: int) -> None:
        """Note that a session has ended before it would have expired. Durable when it returns."""

    def ended_sessions(self, now: int) -> dict[str, int]:
        """The sessions that ended and would not have expired yet: by id, when they expire."""

    def keep_link(self, link: str, opens: str, expires_at: int) -> None:
        """Keep what a login link opens, under a digest of its secret. Durable when it returns."""

    def redeem_link(self, link: str, now: int) -> str | None:
        """What a link opens, once: afterwards it opens nothing. None if it does not open anything (any more)."""

    def claim_keys(self, claims: Sequence[tuple[str, str]], expires_at: int, now: int) -> set[str]:
        """Claim keys of commands, each with a digest of what is asked under it. No key occurs twice.

        Returns:
            The keys that belong to what is asked, until `expires_at`. Each of the others belongs to something else.
        """

    def release_keys(self, keys: Sequence[str]) -> None:
        """Take one claim of each key back. A key without any is free."""

    def forget(self, before: int) -> None:
        """Delete what expired before a time."""
