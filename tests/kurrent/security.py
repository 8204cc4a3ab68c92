"""A TLS certificate and a password for a simulated server, created for one test."""

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


class PasswordCheck(grpc.ServerInterceptor):  # type: ignore[misc]  # gRPC ships no types
    """Refuse calls without the right `authorization`; collect the connection names of the clients."""

    def __init__(self, authorization: str) -> None:
        self.authorization = authorization
        self.names: set[str] = set()

    def intercept_service(self, continuation: Callable[[Any], Any], call: Any) -> Any:
        metadata = dict(call.invocation_metadata)
        self.names.add(metadata.get("connection-name", ""))
        handler = continuation(call)
        return handler if metadata.get("authorization") == self.authorization else refusing(handler, unauthenticated)


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
    """A self-signed certificate for a server, and one user."""

    def __init__(self, folder: Path, user: str = "coach", password: str = "changeit") -> None:
        self.user, self.password = user, password
        self.authority = folder / "ca.pem"
        self.interceptor = PasswordCheck("Basic " + b64encode(f"{user}:{password}".encode()).decode())
        key, certificate = self_signed("localhost")
        self.authority.write_bytes(certificate)
        self.server = grpc.ssl_server_credentials([(key, certificate)])


def self_signed(host: str) -> tuple[bytes, bytes]:
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
