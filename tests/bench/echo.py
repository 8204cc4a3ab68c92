"""The floor of the benchmark of commands: HTTP and RPC through nameko and RabbitMQ, and nothing else.

python -m tests.bench.echo AMQP_URI PORT service|gateway
"""

import sys

import eventlet

eventlet.monkey_patch()

from nameko.rpc import RpcProxy, rpc  # noqa: E402 - nameko is imported after the patch
from nameko.runners import ServiceRunner  # noqa: E402 - as above
from nameko.web.handlers import http  # noqa: E402 - as above


class Echo:
    name = "echo"

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def say(self, text: str) -> str:
        return text


class EchoGateway:
    name = "echo-gateway"
    echo = RpcProxy("echo")

    @http("POST", "/echo")  # type: ignore[untyped-decorator]  # nameko has no types
    def post(self, request: object) -> str:
        text: str = self.echo.say(request.get_data(as_text=True))  # type: ignore[attr-defined]
        return text


def main(uri: str, port: str, which: str) -> None:
    runner = ServiceRunner({"AMQP_URI": uri, "WEB_SERVER_ADDRESS": f"127.0.0.1:{port}", "max_workers": 32})
    runner.add_service({"service": Echo, "gateway": EchoGateway}[which])
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(*sys.argv[1:4])
