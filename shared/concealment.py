"""Keeps secrets out of texts, whoever wrote them: a driver that quotes an address in an error does not know what in it is secret."""

from collections.abc import Iterable
from typing import TextIO

HIDDEN = "***"


def concealed(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


class ConcealingStream:
    """Writes to a stream of text, without the secrets: logs, tracebacks and warnings of any library end there."""

    def __init__(self, stream: TextIO, secrets: Iterable[str]) -> None:
        self.stream = stream
        self.secrets = tuple(secrets)

    def write(self, text: str) -> int:
        self.stream.write(concealed(text, self.secrets))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self.stream, name)
