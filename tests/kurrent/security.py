"""Certificates and passwords of a simulated server, made for one test."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.time import now


class Guard(grpc.ServerInterceptor):  # type: ignore[misc]
    """Lets nobody through who does not say the word."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.names: set[str] = set()

    def intercept_service(self, on: Callable[[Any], Any], call: Any) -> Any:
        said = dict(call.invocation_metadata)
        self.names.add(said.get("connection-name", ""))
        handler = on(call)
        return handler if said.get("authorization") == self.word else refusing(handler, unauthenticated)


def unauthenticated(call: Any) -> Any:
    return call.abort(grpc.StatusCode.UNAUTHENTICATED, "Unauthenticated")


def refusing(handler: Any, aborts: Callable[[Any], Any]) -> Any:
    def refuse(request: object, call: grpc.ServicerContext) -> None:
        aborts(call)

    def refuse_stream(request: object, call: grpc.ServicerContext) -> Any:
        yield aborts(call)

    if handler.response_streaming:
        make = grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        return make(refuse_stream, handler.request_deserializer, handler.response_serializer)
    make = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
    return make(refuse, handler.request_deserializer, handler.response_serializer)


class Security:
    """A server's certificate, which is its own authority, and one user."""

    def __init__(self, folder: Path, user: str = "coach", password: str = "changeit") -> None:
        self.user, self.password = user, password
        self.authority = folder / "ca.pem"
        self.guard = Guard("Basic " + b64encode(f"{user}:{password}".encode()).decode())
        key, certificate = certified("localhost")
        self.authority.write_bytes(certificate)
        self.server = grpc.ssl_server_credentials([(key, certificate)])


def certified(host: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, certificate.public_bytes(serialization.Encoding.PEM)
