"""Whether a PostgreSQL server is there at all, whatever its sessions do.

A server answers an SSLRequest with one byte before it knows who asks: a process of its own is started for that, and no session is needed.
"""

import socket
import struct

ASK_TIMEOUT_S = 2.0  # to connect, and for the answer
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # its length and its code


def answers(host: str, port: int) -> bool:
    """`host` is an address, or the folder of a socket. What is answered does not matter, nor that the connection is closed."""
    try:
        with dial(host, port) as question:
            question.sendall(SSL_REQUEST)
            question.recv(1)
    except OSError:
        return False
    return True


def dial(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), ASK_TIMEOUT_S)
    local = socket.socket(socket.AF_UNIX)
    local.settimeout(ASK_TIMEOUT_S)
    try:
        local.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        local.close()
        raise
    return local
