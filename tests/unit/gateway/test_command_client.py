"""Commands that wait for the same service share a call, and nothing else."""

from typing import Any

import eventlet
import pytest
from eventlet.event import Event

from services.gateway.command_client import MAX_CALLS_IN_FLIGHT, RpcCommandClient
from shared.errors import Unavailable


class Service:
    """Answers a call when it is let go, and keeps what each call carried."""

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []
        self.gates: list[Event] = []

    def __call__(self, service: str, method: str, *args: Any) -> Any:
        self.calls.append([command for _, command in args[0]])
        self.gates.append(Event())
        self.gates[-1].wait()
        return [f"answer to {command}" for _, command in args[0]]


def ask(client: RpcCommandClient, *commands: str) -> list[Any]:
    threads = [eventlet.spawn(client.handle, "intake", "token", command) for command in commands]
    eventlet.sleep(0)
    eventlet.sleep(0)
    return threads


def test_the_first_leaves_at_once_and_those_that_come_meanwhile_leave_together() -> None:
    service = Service()
    client = RpcCommandClient(service)
    first = [thread for number in range(MAX_CALLS_IN_FLIGHT) for thread in ask(client, f"first {number}")]
    assert service.calls == [[f"first {number}"] for number in range(MAX_CALLS_IN_FLIGHT)]
    later = ask(client, "a", "b", "c")
    assert len(service.calls) == MAX_CALLS_IN_FLIGHT
    service.gates[0].send()
    assert first[0].wait() == "answer to first 0"
    assert service.calls[MAX_CALLS_IN_FLIGHT:] == [["a", "b", "c"]]
    for gate in service.gates[1:]:
        gate.send()
    assert [thread.wait() for thread in later] == ["answer to a", "answer to b", "answer to c"]
    ask(client, "after a quiet time")
    assert service.calls[-1] == ["after a quiet time"]


def test_a_call_that_fails_is_told_to_each_and_the_next_one_leaves() -> None:
    service = Service()
    client = RpcCommandClient(service)
    lost = [thread for number in range(MAX_CALLS_IN_FLIGHT) for thread in ask(client, f"lost {number}")]
    next_one = ask(client, "next")[0]
    for gate in service.gates:
        gate.send_exception(Unavailable("away"))
    for thread in lost:
        with pytest.raises(Unavailable):
            thread.wait()
    eventlet.sleep(0)
    service.gates[-1].send()
    assert next_one.wait() == "answer to next"


def test_who_has_waited_long_enough_is_told_and_does_not_leave() -> None:
    service = Service()
    client = RpcCommandClient(service, timeout=0)
    threads = [thread for number in range(MAX_CALLS_IN_FLIGHT) for thread in ask(client, f"held {number}")] + ask(client, "late")
    for thread in threads:
        with pytest.raises(Unavailable):
            thread.wait()
    for gate in service.gates:
        gate.send()
    eventlet.sleep(0)
    assert "late" not in [command for call in service.calls for command in call]
