"""How a connection is read: requests that two readers may take for different ones are refused before anything of them is done."""

import re
from http import HTTPStatus
from typing import Any

from eventlet import wsgi
from nameko.web.server import HttpOnlyProtocol

from services.gateway.problems import PROBLEM_TYPE, Problem, unreadable

ABSOLUTE = re.compile("https?://(?P<host>[^/?#]*)", re.IGNORECASE)  # the address of a request to a proxy
LENGTH = re.compile("[0-9]{1,18}")


class HttpProtocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko has no types
    """What could be read in two ways is not read: a proxy in front may have read it in the other one, and taken a part for a request."""

    path: str

    def _read_request_line(self) -> Any:
        line = super()._read_request_line()
        if len(line) < self.server.url_length_limit:
            return line
        self.refuse(Problem(414, "too_large", "Adresse trop longue"))
        return b""  # eventlet then closes

    def parse_request(self) -> bool:
        try:
            if not super().parse_request():
                return False
        except (wsgi.HeaderLineTooLong, wsgi.HeadersTooLarge):
            problem: Problem | None = Problem(431, "too_large", "En-têtes trop longs")
        else:
            problem = self.ambiguity()
        if problem:
            self.refuse(problem)
        elif found := ABSOLUTE.match(self.path):
            del self.headers["Host"]  # of the two, the other one counts (RFC 9112, 3.2.2)
            self.headers["Host"] = found["host"]
            self.path = self.path[found.end() :] or "/"
        return not problem

    def ambiguity(self) -> Problem | None:
        hosts, lengths, encodings = (self.headers.get_all(name) or [] for name in ("Host", "Content-Length", "Transfer-Encoding"))
        if self.request_version == "HTTP/0.9" or self.headers.defects or any(map(is_odd, self.headers.items())):
            return unreadable("Un en-tête s’écrit « Nom: valeur », sur une ligne, après une première ligne en HTTP/1.1.")
        if len(hosts) > 1 or (not hosts and self.request_version != "HTTP/1.0"):
            return unreadable("Une demande nomme son hôte, une seule fois.")
        if (lengths and encodings) or len(set(lengths)) > 1 or not all(LENGTH.fullmatch(length) for length in lengths):
            return unreadable("La longueur d’une demande se dit une seule fois, en chiffres.")
        if len(encodings) > 1 or (encodings and encodings[0].lower() != "chunked"):
            return Problem(
                501, "unsupported", "Cette forme de demande n’est pas lue ici", "Le seul codage de transfert lu ici est chunked."
            )
        return None

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library says of a request that it cannot read, as a problem."""
        self.refuse(Problem(code, "unreadable", "Demande illisible", "Ce n’est pas une demande en HTTP/1.1."))

    def refuse(self, problem: Problem) -> None:
        """Answer without reading on, and close the connection: where the next request begins is not known."""
        body = problem.response().get_data()
        status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"
        head = (
            status,
            f"Content-Type: {PROBLEM_TYPE}",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            "Connection: close",
            "",
            "",
        )
        self.wfile.write("\r\n".join(head).encode() + body)
        self.wfile.flush()
        self.close_connection = True

    def get_environ(self) -> Any:
        """With the protocol of the request: eventlet calls each HTTP/1.0."""
        return {**super().get_environ(), "SERVER_PROTOCOL": self.request_version}

    def finish(self) -> None:
        """Close what reads from the socket too, which is left open when the client has gone: a socket is closed with its last file."""
        try:
            super().finish()
        finally:
            self.rfile.close()


def is_odd(header: tuple[str, str]) -> bool:
    """A name with a space around it, or a value that goes on in the next line: proxies differ in what they make of it."""
    name, value = header
    return name != name.strip() or "\n" in value or "\r" in value
