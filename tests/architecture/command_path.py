"""Traces one command through a process that hosts everything: which of our files are executed, and which calls which.

    python -m tests.architecture.command_path DIRECTORY

prints JSON: {"files": [...], "calls": [[caller, callee], ...]}, from the arrival of the request until the log is asked to append. Files
are in the order in which they are first executed. The process is warm: the same command was handled once before.
"""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any
from uuid import uuid4

from services.cli import serve  # noqa: F401 - patches the process

# Everything below is imported after `serve` has patched the process.
import greenlet  # type: ignore[import-untyped]  # isort: skip
import httpx  # isort: skip
from eventlet import patcher  # isort: skip
from nameko.runners import ServiceRunner  # isort: skip

from services.bootstrap.composition import Components  # isort: skip
from services.bootstrap.hosting import nameko_service  # isort: skip
from services.bootstrap.names import GATEWAY  # isort: skip
from services.bootstrap.registry import SERVICES  # isort: skip
from services.bootstrap.settings import read_settings  # isort: skip
from services.bootstrap.wiring import wire  # isort: skip
from services.gateway.service import GatewayProvider  # isort: skip
from shared.bus.nameko.rpc_client import SIGNER

from shared.bus.nameko.write_service import VERIFIERS, InboxFeeder, NativeThread  # isort: skip
from shared.runtime.native_threads import native  # isort: skip

ROOT = f"{Path(__file__).parents[2]}/"
OURS = ("services/", "shared/")
APPEND = ("shared/store/sqlite/store.py", "append_many")


class Tracer:
    """A profile function for all threads and greenlets. It stops when the log is asked to append."""

    def __init__(self) -> None:
        self.active = False
        self.files: list[str] = []
        self.calls: list[tuple[str, str]] = []

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if event != "call" or not self.active:
            return
        file = our_file(frame)
        if file is None:
            return
        caller = next((name for name in callers(frame) if name != file), None)
        if file not in self.files:
            self.files.append(file)
        if caller and (caller, file) not in self.calls:
            self.calls.append((caller, file))
        if (file, frame.f_code.co_name) == APPEND:
            self.active = False

    def install(self, *_: object) -> None:
        sys.setprofile(self)


def our_file(frame: FrameType) -> str | None:
    path = frame.f_code.co_filename
    name = path.removeprefix(ROOT)
    return name if path.startswith(ROOT) and name.startswith(OURS) else None


def callers(frame: FrameType) -> list[str]:
    """Our files on the stack, the nearest first."""
    found: list[str] = []
    above = frame.f_back
    while above is not None:
        name = our_file(above)
        if name is not None:
            found.append(name)
        above = above.f_back
    return found


def leave_out_what_runs_beside_it() -> None:
    """Inboxes, the live feed and what works in threads look at the log at any moment: they are no part of the way of a command."""
    for provider in (InboxFeeder, GatewayProvider, NativeThread):
        for method in ("start", "stop"):
            setattr(provider, method, lambda self: None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(folder: Path) -> Tracer:
    leave_out_what_runs_beside_it()
    tracer = Tracer()
    original_threading: Any = patcher.original("threading")
    original_threading.setprofile(tracer)  # native threads, which start with the first native call
    settings = read_settings(folder, "127.0.0.1", free_port(), environ={"PARCOURS_DEVELOPMENT_LOGIN": "1"})
    components = Components(settings)
    native(components.skip_relay_to_head)
    names = [*SERVICES, GATEWAY]
    address = f"{settings.host}:{settings.port}"
    runner = ServiceRunner(
        {
            "AMQP_URI": settings.amqp_uri,
            "WEB_SERVER_ADDRESS": address,
            "max_workers": 4,
            "parcours": native(wire, components, names),
            SIGNER: components.trust.identity_signer,
            VERIFIERS: components.trust.verifiers,
        }
    )
    for name in names:
        runner.add_service(nameko_service(name))
    runner.start()
    with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
        login = {"actor": "coach-1", "role": "coach", "organisation": "etape", "territories": ["alencon"]}
        token = client.post("/v1/session", json=login).json()["token"]
        send(client, token)
        time.sleep(0.5)  # until the policies and the projection have handled what was recorded
        greenlet.settrace(tracer.install)
        tracer.install()
        tracer.active = True
        send(client, token)
    return tracer


def send(client: httpx.Client, token: str) -> None:
    data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    answer = client.post("/v1/commands/IdentifyPerson", json={"territory": "alencon", "data": data}, headers=headers)
    assert answer.status_code == 201, answer.text


if __name__ == "__main__":
    assert threading  # green: imported before the patch, and patched in place
    traced = run(Path(sys.argv[1]))
    print(json.dumps({"files": traced.files, "calls": traced.calls}))
    sys.stdout.flush()
    os._exit(0)  # services that run in this process need no orderly end
