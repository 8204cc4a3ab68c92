"""Calls to services: a request that cannot leave leaves nothing behind."""

from types import SimpleNamespace

import pytest

from shared.bus.nameko.rpc_client import Replies, RpcClient
from shared.errors import Unavailable


def client(uri: str) -> RpcClient:
    replies = Replies()
    replies.routing_key = "replies"
    return RpcClient(SimpleNamespace(config={"AMQP_URI": uri}, service_name="gateway"), replies, timeout=5)


def test_the_reply_of_a_request_that_could_not_leave_is_not_waited_for() -> None:
    rpc = client("amqp://127.0.0.1:1/")
    for _ in range(3):
        with pytest.raises(Unavailable, match="the broker is away"):
            rpc.call("intake", "health")
    assert rpc.replies._reply_events == {}
