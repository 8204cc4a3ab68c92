"""Commands sent to the running product, by HTTP and NDJSON, and what became of them."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import httpx

from services.bootstrap.composition import Components
from services.gateway.session import SESSION_LIFETIME
from shared.message import Actor
from shared.trust.access import EVERYWHERE, Identity
from tests.fuzz.random_commands import CommandLine, RandomCommands

NDJSON = {"Content-Type": "application/x-ndjson"}
DEFECTS = {"unavailable", "unforeseen"}  # replies that a product that is well never gives
MAX_LISTED_FAULTS = 50


class Sender:
    """`faults` are those of the product: an answer of the 500s, a reply that is no answer. A refusal is none."""

    def __init__(self, client: httpx.Client, components: Components, commands: RandomCommands) -> None:
        self.client = client
        self.signer = components.trust.sessions_signer
        self.commands = commands
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.accepted: Counter[str] = Counter()
        self.faults: list[str] = []

    def token(self, role: str, actor: str = "", organisation: str = "etape", territories: Sequence[str] = (EVERYWHERE,)) -> dict[str, str]:
        identity = Identity(Actor(actor or f"{role}-1", role, organisation), tuple(territories))
        return {"Authorization": f"Bearer {self.signer.sign(identity, SESSION_LIFETIME)}"}

    def import_lines(self, lines: Sequence[CommandLine]) -> None:
        """Lines of a past history: a tool of the programme speaks for each actor, at the time of recording."""
        self.send_lines(lines, lines, self.token("system"))

    def send_lines(self, lines: Sequence[CommandLine], bodies: Sequence[CommandLine], token: dict[str, str]) -> None:
        content = b"".join(json.dumps(body, ensure_ascii=False).encode() + b"\n" for body in bodies)
        answer = self.client.post("/v1/commands", content=content, headers={**NDJSON, **token})
        replies = [json.loads(line) for line in answer.text.splitlines() if line.strip()] if answer.is_success else []
        if not answer.is_success or len(replies) != len(lines):
            self.fault(f"NDJSON: {answer.status_code}, {len(replies)} replies to {len(lines)} lines: {answer.text[:200]}")
        for line, reply in zip(lines, replies, strict=False):
            self.note(line, reply)

    def send_by_role(self, lines: Sequence[CommandLine]) -> None:
        """Commands of one actor as NDJSON, without what only a tool may write."""
        bodies = [{field: value for field, value in line.items() if field not in ("actor", "recorded_time")} for line in lines]
        self.send_lines(lines, bodies, self.actor_token(lines[0]))

    def send_one(self, line: CommandLine) -> None:
        """One command, as a form or an application sends it."""
        body = {field: line[field] for field in ("time", "territory", "data")}
        key = re.sub("[^!-~]", "?", str(line["id"]))[:200]  # what a header can carry
        path = f"/v1/commands/{quote(str(line['type']), safe='')}"
        answer = self.client.post(path, content=json.dumps(body), headers={"Idempotency-Key": key, **self.actor_token(line)})
        if answer.status_code >= 500:
            self.fault(f"{path}: {answer.status_code} {answer.text[:300]} for {json.dumps(line)[:600]}")
        body = answer.json() if answer.headers.get("Content-Type", "").endswith(("json", "utf-8")) else {}
        self.note(line, {"accepted": body} if answer.is_success else {"refused": {"code": str(body.get("type", answer.status_code))}})

    def actor_token(self, line: CommandLine) -> dict[str, str]:
        """The token of the actor of a line; a coach and a prescriber have that of the line's territory."""
        actor = (
            line["actor"] if isinstance(line["actor"], dict) and line["actor"] else {"id": "coach-1", "role": "coach", "organisation": ""}
        )
        here = isinstance(line["territory"], str) and actor["role"] not in ("coordinator", "system")
        return self.token(actor["role"], actor["id"], actor["organisation"], (line["territory"],) if here else (EVERYWHERE,))

    def note(self, line: CommandLine, reply: dict[str, Any]) -> None:
        outcome = next((name for name in ("accepted", "refused", "invalid", "forbidden", *DEFECTS) if name in reply), "?")
        self.outcomes[outcome] += 1
        if outcome == "accepted":
            self.accepted[line["type"]] += 1
            self.commands.accepted(line)
        elif outcome in ("refused", "forbidden"):
            self.codes[reply[outcome]["code"].rpartition(":")[2]] += 1
        elif outcome not in ("invalid",):
            self.fault(f"{json.dumps(reply)[:300]} for {json.dumps(line)[:600]}")

    def fault(self, text: str) -> None:
        if len(self.faults) < MAX_LISTED_FAULTS:
            self.faults.append(text)
