"""The lines of a request, as they come: of known length or in chunks, plain or compressed, within limits.

What is wrong with one line is said in its place, and the next line is read. Where no line can be read any more, the last one is the reply
that says why.
"""

from collections.abc import Iterator
from itertools import count

from werkzeug.wrappers import Request

from services.gateway.commands_api import MAX_COMMAND_BYTES
from services.gateway.gzip_body import Body, Decompressed, Lines
from services.gateway.problems import Problem, unsupported
from shared.reply import Reply

MAX_LINES = 100_000  # of one request
MAX_REQUEST_BYTES = 256 * 1024 * 1024  # of one request, before compression

TOO_LONG = f"Cette ligne est trop longue : {MAX_COMMAND_BYTES // 1024} Kio au plus."
TOO_MUCH = f"La suite n’est pas lue : une demande a {MAX_LINES} lignes et {MAX_REQUEST_BYTES // 1024**2} Mio au plus."
BROKEN_OFF = "La demande s’interrompt ici : la suite n’est pas lue."


def request_lines(request: Request) -> Iterator[bytes | Reply]:
    """The lines of a request. Nothing of it is read before they are asked for.

    Raises:
        Problem: it says that it is too long (413), or is compressed in a way that is not read here (415).
    """
    length = request.content_length or 0
    if length > MAX_REQUEST_BYTES:
        raise Problem(413, "too_large", "Demande trop longue", f"Au plus {MAX_REQUEST_BYTES} octets, et {MAX_LINES} lignes.")
    body: Body = request.environ["wsgi.input"]
    match request.headers.get("Content-Encoding", "identity").strip().lower():
        case "identity" | "":
            return iter(LinesOf(body, length))
        case "gzip" | "x-gzip":
            return iter(LinesOf(Decompressed(body)))
    raise unsupported("Des lignes se donnent sans compression, ou avec gzip.")


class LinesOf:
    """The lines of a body; `length` is what its sender announced, 0 if nothing."""

    def __init__(self, body: Lines, length: int = 0) -> None:
        self.body = body
        self.length = length
        self.read = 0

    def __iter__(self) -> Iterator[bytes | Reply]:
        try:
            yield from self.lines()
        except (OSError, ValueError, EOFError):  # the client has gone, or what it sends is neither chunks nor gzip
            yield invalid_line(BROKEN_OFF)

    def lines(self) -> Iterator[bytes | Reply]:
        for number in count(1):
            line = self.part()
            too_long = len(line) > MAX_COMMAND_BYTES and not line.endswith(b"\n")
            if too_long:
                self.skip_line()
            if self.read > MAX_REQUEST_BYTES or (line and number > MAX_LINES):
                yield invalid_line(TOO_MUCH)
                return
            if self.read < self.length and not line.endswith(b"\n") and not too_long:
                raise EOFError
            if not line:
                return
            yield invalid_line(TOO_LONG) if too_long else line

    def part(self) -> bytes:
        """A line, or as much of it as may be kept."""
        part = self.body.readline(MAX_COMMAND_BYTES + 1)
        self.read += len(part)
        return part

    def skip_line(self) -> None:
        while self.read <= MAX_REQUEST_BYTES and (part := self.part()) and not part.endswith(b"\n"):
            pass


def invalid_line(text: str) -> Reply:
    return {"invalid": {"_": [text]}}
