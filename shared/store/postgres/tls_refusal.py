"""Why TLS with a PostgreSQL server fails for good, if it does: a certificate that cannot be verified is not a server that is away.

How it works
------------
libpq verifies a certificate, and says in a sentence of its own that it does not accept it, without a code. So TLS is tried once more here,
with the files and the mode of the address: a connection is asked for TLS as the protocol says, and OpenSSL tells what is wrong. Nothing
else is sent.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from psycopg import pq

from shared.certificates import Certificates
from shared.store.postgres.presence import SSL_REQUEST
from shared.tls import UnusableFile, client_context, refusal

ASK_TIMEOUT_S = 5.0  # to connect, and for each answer
OFFERED = b"S"
OF_SYSTEM = "system"
CHECKS_THE_NAME, VERIFIES, MAY_VERIFY = "verify-full", ("verify-full", "verify-ca"), "require"


def tls_refusal(conninfo: str) -> str | None:
    """What a server does that is no TLS we accept: a predicate of the server. None if it is well, not asked for, or nobody answers."""
    options = effective_options(conninfo)
    mode, root = options["sslmode"], Path(options.get("sslrootcert") or "~/.postgresql/root.crt").expanduser()
    if mode not in (*VERIFIES, MAY_VERIFY):
        return None
    try:
        context = context_of(options, root)
    except UnusableFile as fault:
        return f"cannot be verified: {fault}"
    for host, address, port in hosts_of(options):
        try:
            if (why := refused(host, address, port, context)) is not None:
                return f"at {host}:{port} {why}"
        except OSError:  # away
            continue
    return None


def effective_options(conninfo: str) -> Mapping[str, str]:
    """Of the address, then of the environment (PGSSLMODE), then of libpq."""
    given = [*pq.Conninfo.get_defaults(), *pq.Conninfo.parse(conninfo.encode())]
    return {option.keyword.decode(): option.val.decode() for option in given if option.val}


def context_of(options: Mapping[str, str], root: Path) -> ssl.SSLContext:
    """Raises UnusableFile: a file is missing, or holds something else."""
    mode, system = options["sslmode"], options.get("sslrootcert") == OF_SYSTEM
    own, key = options.get("sslcert", ""), options.get("sslkey", "")
    unverified = mode == MAY_VERIFY and not (system or root.exists())
    authorities = "" if system or unverified else str(root)
    context = client_context(Certificates(authorities, own, key, options.get("sslpassword", "")))
    context.check_hostname = mode == CHECKS_THE_NAME or system
    if unverified:
        context.verify_mode = ssl.CERT_NONE
    return context


def hosts_of(options: Mapping[str, str]) -> Iterator[tuple[str, str, int]]:
    """The name, the address and the port of each server that is reached over a network."""
    names, addresses = options.get("host", "").split(","), options.get("hostaddr", "").split(",")
    ports = options.get("port", "5432").split(",")
    for at in range(max(len(names), len(addresses))):
        name, address = (each[at] if at < len(each) else "" for each in (names, addresses))
        port = ports[at] if len(ports) > at else ports[0]
        if (name or address) and not name.startswith(("/", "@")):
            yield name or address, address or name, int(port or "5432")


def refused(host: str, address: str, port: int, context: ssl.SSLContext) -> str | None:
    """Raises OSError: nobody answers."""
    with socket.create_connection((address, port), timeout=ASK_TIMEOUT_S) as plain:
        plain.sendall(SSL_REQUEST)
        if (answer := plain.recv(1)) != OFFERED:
            return "does not offer TLS, which sslmode asks for" if answer else None
        try:
            context.wrap_socket(plain, server_hostname=host).close()
        except ssl.SSLError as fault:
            return refusal(fault, host)
    return None
