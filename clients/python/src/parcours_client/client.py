"""The client: commands, readings, lines and the live feed, over one connection pool."""

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID, uuid4

import httpx

from parcours_client.clock import GatewayClock, Timing
from parcours_client.generated.api.queries import events as events_operation
from parcours_client.generated.client import AuthenticatedClient
from parcours_client.generated.models.answer import Answer
from parcours_client.generated.models.event import Event
from parcours_client.generated.models.figures_moved import FiguresMoved
from parcours_client.generated.models.hint import Hint
from parcours_client.lines import TOGETHER, Line, LineAnswer, send_lines
from parcours_client.problem import raise_problem
from parcours_client.subscription import Subscription, event_of, figures_of
from parcours_client.transports import Remembering, Retrying

PATIENCE_S = 60.0  # for which a request is repeated while the gateway is away
TIMEOUT_S = 30.0
PAGE_SIZE = 500  # events
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Command(Protocol):
    """A model of `generated.models` whose name is that of a command."""

    def to_dict(self) -> dict[str, Any]: ...


class Page(Protocol[T_co]):
    @property
    def items(self) -> Sequence[T_co]: ...
    @property
    def next_(self) -> str | None: ...


class Bearer(httpx.Auth):
    def __init__(self, token: str | Callable[[], str]) -> None:
        self.token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self.token if isinstance(self.token, str) else self.token()}"
        yield request


class Parcours:
    """A gateway, as whoever the token speaks for.

    `token` is a text, or a function that is asked for each request. A request that may be repeated is, for `patience` seconds; then the
    answer is raised as a `Problem`, or the fault of the connection as `httpx.TransportError`. Every failed request raises `Problem`.

    `operations` is what the functions of `generated.api` take as `client`, `clock` how far the device's clock is from the gateway's.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str],
        *,
        patience: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
        clock: GatewayClock | None = None,
    ) -> None:
        self.clock = clock or GatewayClock()
        connections = Timing(transport or httpx.HTTPTransport(), self.clock)
        self.http = httpx.Client(
            base_url=url,
            auth=Bearer(token),
            timeout=TIMEOUT_S,
            transport=Remembering(Retrying(connections, patience)),
            event_hooks={"response": [raise_problem]},
        )
        self.operations = AuthenticatedClient(base_url=url, token="", raise_on_unexpected_status=True).set_httpx_client(self.http)

    def send(self, command: Command, territory: str, *, time: datetime | None = None, id: UUID | None = None) -> Answer:
        """Send one command, which is recorded once however often it is sent under the same `id`. `time` is that of the fact.

        Raises:
            Problem: it was refused, or its outcome is not known (`passing`): it may be sent again with the same id.
            httpx.TransportError: its outcome is not known.
        """
        return self.post(Line(command, territory, time, id or uuid4()).to_dict())

    def post(self, line: Mapping[str, Any]) -> Answer:
        """Send one command as it stands in a line: `id`, `type`, `territory`, `data`, and `time` if it has one. See `send`."""
        body = {name: value for name, value in line.items() if name not in ("id", "type")}
        answer = self.http.post(f"/v1/commands/{line['type']}", json=body, headers={"Idempotency-Key": str(line["id"])})
        return Answer.from_dict(answer.json())

    def send_lines(self, lines: Iterable[Line], together: int = TOGETHER) -> Iterator[LineAnswer]:
        """Send many commands, `together` in a request, and give the answer of each, in order. Lines are taken as they are sent."""
        return send_lines(self.http, lines, together)

    def events(self, after: int = 0, *, territories: Collection[str] = (), types: Collection[str] = ()) -> Iterator[Event | Hint]:
        """What the reader may see of the log after a position, up to its head."""
        more = True
        while more:
            page = required(
                events_operation.sync(
                    client=self.operations,
                    after=after,
                    limit=PAGE_SIZE,
                    territory=list(territories),
                    type_=list(types),  # type: ignore[arg-type]  # kinds of events are added within /v1
                )
            )
            yield from page.events
            after, more = page.next_, page.more

    def follow(
        self, after: int | None = None, *, territories: Collection[str] = (), types: Collection[str] = ()
    ) -> Subscription[Event | Hint]:
        """The live feed after a position, or from now on: see `Subscription`."""
        return Subscription(self.http, after, {"territory": territories, "type": types}, event_of)

    def follow_figures(self, after: int | None = None, *, territories: Collection[str] = ()) -> Subscription[FiguresMoved | Hint]:
        """Which figures moved after a position, or from now on, once they can be read: see `Subscription`."""
        return Subscription(self.http, after, {"kind": ["figures"], "territory": territories}, figures_of)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()


def required(answer: T | None) -> T:
    """The answer of an operation. None stands for a status that the document does not name, which raises before."""
    assert answer is not None
    return answer


def pages(operation: Callable[..., Page[T] | None], *, client: AuthenticatedClient, **parameters: Any) -> Iterator[T]:
    """Every line of a list, read page by page: `pages(people.sync, client=parcours.operations, territory=["alencon"])`."""
    cursor: dict[str, str] = {}
    while True:
        page = required(operation(client=client, **parameters, **cursor))
        yield from page.items
        if page.next_ is None:
            return
        cursor = {"cursor": page.next_}
