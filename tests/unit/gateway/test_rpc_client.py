"""Questions to the services: what cannot leave leaves nothing behind."""

from types import SimpleNamespace

import pytest

from services.gateway.rpc_client import Replies, RpcClient
from shared.errors import Unavailable


def calls(uri: str) -> RpcClient:
    replies = Replies()
    replies.routing_key = "answers"
    return RpcClient(SimpleNamespace(config={"AMQP_URI": uri}, service_name="gateway"), replies, patience=5)


def test_a_question_that_could_not_leave_is_not_waited_for() -> None:
    asking = calls("amqp://127.0.0.1:1/")
    for _ in range(3):
        with pytest.raises(Unavailable, match="broker is away"):
            asking("intake", "handle")
    assert asking.replies._reply_events == {}
