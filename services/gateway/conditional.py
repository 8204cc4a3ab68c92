"""Conditional requests: a reading names its content (`ETag`), and a client that has it already is told so (304) without a body.

The tag is a digest of the body, so it says nothing that the body does not say. A response belongs to one reader: no shared cache keeps it.
One that tells something personal is kept by none, that of a browser neither.
"""

from werkzeug.wrappers import Request, Response

JSON = frozenset({"application/json", "application/schema+json"})


def conditional(request: Request, response: Response) -> Response:
    if response.cache_control.no_store:  # it tells something personal
        return response
    if request.method not in {"GET", "HEAD"} or response.status_code != 200 or response.mimetype not in JSON or response.direct_passthrough:
        return response
    response.add_etag()
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.update(("Authorization", "Cookie"))
    return response.make_conditional(request)
