"""The gateway over the real services, in one process: endpoints, log and read models on SQLite, called without a socket or a broker."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from services.bootstrap.composition import Components
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import read_settings
from services.gateway.dependencies import GatewayDeps
from services.gateway.feed import Feed
from services.gateway.http_app import HttpApp
from services.reporting.queries.projection_state import projection_position
from services.reporting.queries.rpc_queries import ReportQueries
from shared.errors import Unavailable
from shared.message import START, Actor
from shared.reply import Reply
from shared.store.port import pages
from shared.time import now
from shared.trust.access import Identity

SESSION = timedelta(minutes=1)
LOCAL = {"base_url": "http://127.0.0.1:8000", "environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


def directly(fn: Callable[..., Any], *args: Any) -> Any:
    """A native call where there are no green threads."""
    return fn(*args)


class World:
    """`away` names services that do not answer; `lagging` keeps reporting from reading the log. `calls` are (service, method).

    `broker_away`: the gateway has no connection to it. `settings` are those of GatewayDeps.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.components = Components(read_settings(folder, environ={}))
        self.components.publish_definitions()
        self.away: set[str] = set()
        self.broker_away = self.lagging = False
        self.calls: list[tuple[str, str]] = []
        programme = self.components.settings.programme()
        self.feed = Feed(self.components.store, directly)
        self.deps = GatewayDeps(
            call=self.call,
            linked=lambda: not self.broker_away,
            commands=self,
            store=self.components.store,
            checkpoints=self.components.checkpoints,
            dead_letters=self.components.dead_letters,
            records=self.components.gateway_records,
            accounts=self.components.accounts,
            native=directly,
            feed=self.feed,
            sessions_signer=self.components.trust.sessions_signer,
            identity_signer=self.components.trust.identity_signer,
            survey_seals=self.components.trust.survey_seals,
            webhook_secrets=self.components.trust.webhook_secrets,
            opening=self.components.personal.opening,
            find_persons=self.components.personal.find,
            permissions=self.components.permissions,
            programme=programme.label,
            reference=programme,
            territories={territory.id: territory.label for territory in programme.territories},
            groupings={grouping.id: grouping.label for grouping in programme.groupings},
            members=programme.members(),
            services=SERVICES,
            schemas=self.components.schemas,
            catalogue=self.components.catalogue,
            clock=now,
            **{"development_login": True, "deadline": lambda seconds: nullcontext(), **settings},
        )
        self.app = HttpApp(self.deps)
        self.app.ended.refresh()
        self.app.reporting.wait_timeout_s = 0.05
        self.client = Client(self.wsgi)

    def wsgi(self, environ: Any, start_response: Any) -> Any:
        if not self.app.ended.fresh():  # a thread of the gateway reads them; here nobody does between two requests
            self.app.ended.refresh()
        return self.app.respond(Request(environ))(environ, start_response)

    def handle(self, service: str, token: str, command: str) -> Reply:
        self.note(service, "handle")
        return self.components.endpoint(service).handle(token, command)

    def handle_many(self, service: str, token: str, commands: Sequence[str]) -> list[Reply]:
        self.note(service, "handle_many")
        return self.components.endpoint(service).handle_many(token, commands)

    def call(self, service: str, method: str, *args: Any) -> Any:
        """A reply as it comes over the broker: in JSON, where every key is a text."""
        return msgspec.json.decode(msgspec.json.encode(self.reply(service, method, *args)))

    def reply(self, service: str, method: str, *args: Any) -> Any:
        self.note(service, method)
        if method == "health":
            return {"healthy": True, "fault": None}
        self.catch_up()
        if method == "try_commands":
            return self.components.endpoint(service).try_commands(*args)
        if service == "webhooks":
            return getattr(self.components.webhook_queries, method)(*args)
        if method == "position":
            return self.components.reports.position()
        return getattr(ReportQueries(self.components.reports, self.components.store.head), method)(*args)

    def note(self, service: str, method: str) -> None:
        self.calls.append((service, method))
        if service in self.away:
            raise Unavailable(f"{service} is not running")

    def catch_up(self) -> None:
        if not self.lagging:
            reached = projection_position(self.components.reports) or START
            for page in pages(self.components.store, reached, self.components.store.head()):
                self.components.reports.apply(page)

    def token(self, role: str, *territories: str, actor: str = "", organisation: str = "etape") -> str:
        identity = Identity(Actor(actor or f"{role}-1", role, organisation), territories or ("*",))
        return self.components.trust.sessions_signer.sign(identity, SESSION)

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
        """Identify a person; returns the position of the event."""
        answer = self.send("IdentifyPerson", met(person or str(uuid4())), **more)
        assert answer.status_code == 201, answer.text
        return int(msgspec.json.decode(answer.data)["position"])


def met(person: str) -> dict[str, Any]:
    return {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": None}
