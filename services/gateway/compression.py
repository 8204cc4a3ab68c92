"""Compression of larger answers, for clients that accept gzip. Streams, and answers to what was sent, stay as they are.

An answer that repeats what a stranger's page made the client send would tell by its length what else is in it: only readings are
compressed, and no secret is among them.
"""

import gzip

from werkzeug.wrappers import Request, Response

SMALLEST = 1_024  # bytes; below it the headers weigh more than what is saved
LEVEL = 4  # nearly as small as with the usual level, in less time
TEXTS = ("text/html", "text/css", "text/javascript", "text/csv", "image/svg+xml", "application/json", "application/problem+json")


def compress(request: Request, response: Response) -> None:
    if response.mimetype not in TEXTS or response.is_streamed or response.direct_passthrough:
        return
    response.vary.add("Accept-Encoding")
    if request.method not in {"GET", "HEAD"} or request.accept_encodings["gzip"] <= 0 or "Content-Encoding" in response.headers:
        return
    body = response.get_data()
    if len(body) < SMALLEST:
        return
    response.set_data(gzip.compress(body, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)  # the same content in other bytes
