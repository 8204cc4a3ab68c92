"""The gateway over the real services, in one process and without a socket: desks, log and read models on SQLite, called directly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from services.bootstrap.composition import SCHEMAS, Components, event_structs
from services.bootstrap.settings import settings
from services.gateway.dependencies import GatewayDeps
from services.gateway.feed import Feed
from services.gateway.http_app import HttpApp
from services.reporting.queries.rpc_queries import ReportQueries
from shared.errors import Unavailable
from shared.message import Actor
from shared.store.port import pages
from shared.time import now
from shared.trust.identity import Identity

LOCAL = {"base_url": "http://127.0.0.1:8000", "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


def directly(fn: Callable[..., Any], *args: Any) -> Any:
    return fn(*args)


class World:
    """`away` names services that do not answer; `behind` keeps reporting from reading the log."""

    def __init__(self, folder: Path) -> None:
        self.parts = Components(settings(folder, environ={}))
        self.parts.publish_definitions()
        self.away: set[str] = set()
        self.behind = False
        self.calls: list[tuple[str, str]] = []
        programme = self.parts.settings.programme()
        self.feed = Feed(self.parts.store, directly)
        self.outside = GatewayDeps(
            call=self.call,
            store=self.parts.store,
            native=directly,
            feed=self.feed,
            sessions=self.parts.sessions_signer,
            services=self.parts.services_signer,
            permissions=self.parts.permissions,
            programme=programme.label,
            territories={territory.id: territory.label for territory in programme.territories},
            schemas=SCHEMAS,
            events=event_structs(),
            clock=now,
        )
        self.gateway = HttpApp(self.outside)
        self.gateway.reports.wait_timeout_s = 0.05
        self.client = Client(self.answer)

    def answer(self, environ: Any, start_response: Any) -> Any:
        return self.gateway.respond(Request(environ))(environ, start_response)

    def call(self, service: str, method: str, *args: Any) -> Any:
        self.calls.append((service, method))
        if service in self.away:
            raise Unavailable(f"{service} is not there.")
        if method == "health":
            return {"healthy": True, "fault": None}
        if method in {"handle", "handle_many"}:
            return getattr(self.parts.desk(service), method)(*args)
        self.read()
        return getattr(ReportQueries(self.parts.reporting), method)(*args) if method != "position" else self.parts.reporting.position()

    def read(self) -> None:
        if not self.behind:
            for page in pages(self.parts.store, self.parts.reporting.position(), self.parts.store.head()):
                self.parts.reporting.apply(page)

    def token(self, role: str, *territories: str, actor: str = "", organisation: str = "etape") -> str:
        return self.parts.sessions_signer.sign(Identity(Actor(actor or f"{role}-1", role, organisation), territories or ("*",)))

    def ask(
        self, method: str, path: str, *, role: str | None = "coach", territories: tuple[str, ...] = ("*",), **more: Any
    ) -> TestResponse:
        headers = dict(more.pop("headers", {}))
        actor, organisation = more.pop("actor", ""), more.pop("organisation", "etape")
        if role:
            headers["Authorization"] = f"Bearer {self.token(role, *territories, actor=actor, organisation=organisation)}"
        return self.client.open(path, method=method, headers=headers, **{**LOCAL, **more})

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.ask("GET", path, **more)

    def send(self, name: str, data: dict[str, Any], *, id: str = "", territory: str = "alencon", **more: Any) -> TestResponse:
        headers = {"Idempotency-Key": id or str(uuid4())} | more.pop("headers", {})
        return self.ask("POST", f"/v1/commands/{name}", json={"territory": territory, "data": data}, headers=headers, **more)

    def meet(self, person: str = "", **more: Any) -> int:
        """Somebody is met; the position of the event."""
        answer = self.send("IdentifyPerson", met(person or str(uuid4())), **more)
        assert answer.status_code == 201, answer.text
        return int(msgspec.json.decode(answer.data)["position"])


def met(person: str) -> dict[str, Any]:
    return {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": None}
