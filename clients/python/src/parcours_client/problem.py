"""Problems (RFC 9457): why a request failed, as an exception."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

PASSING = frozenset({429, 502, 503, 504})  # nothing is wrong with the request: it may be sent again later
SAME_ID = "same_id"


class Problem(Exception):
    """What a gateway answers to a request that fails.

    `code` is stable and for programs; `title` and `detail` are French and for people. `faults` are texts by field, `details` what a refusal
    says beyond its text, `retry_after` seconds. `members` is the whole answer.
    """

    def __init__(self, status: int, members: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status = status
        self.members = members
        self.retry_after = retry_after
        self.code: str = members.get("code", "")
        self.title: str = members.get("title", "")
        self.detail: str = members.get("detail", "")
        self.faults: Mapping[str, Sequence[str]] = members.get("faults", {})
        self.details: Mapping[str, Any] = members.get("details", {})
        self.reason: str = members.get("reason", "")
        super().__init__(f"{status} {self.code}: {self.detail or self.title}")

    @property
    def passing(self) -> bool:
        """Whether the same request, with the same id, may be answered otherwise later."""
        return self.status in PASSING or self.members.get("retry") == SAME_ID


def raise_problem(response: httpx.Response) -> None:
    """A hook of httpx: a failed request is an exception.

    Raises:
        Problem: the status says so.
    """
    if response.is_error:
        response.read()
        raise Problem(response.status_code, members_of(response), retry_after(response))


def members_of(response: httpx.Response) -> Mapping[str, Any]:
    """The members of a problem; of an answer that is none, as a proxy may give, its title."""
    try:
        members = response.json()
    except ValueError:
        members = None
    return members if isinstance(members, dict) else {"title": response.reason_phrase}


def retry_after(response: httpx.Response) -> float | None:
    """The seconds after which the gateway asks to be asked again; it gives no dates."""
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else None
