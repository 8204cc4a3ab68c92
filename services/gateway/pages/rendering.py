"""From a template and a model to a page."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response

from services.gateway.pages import charts
from services.gateway.pages.form_data import items_of
from services.gateway.pages.french import FILTERS
from services.gateway.request_context import RequestContext
from services.vocabulary.roles import Role
from shared.version import __version__

HERE = Path(__file__).parent


class Pages:
    """Renders templates.

    `programme` is the name of the programme, `recorders` the roles that may record a step, `labels` the French label of every code.
    """

    def __init__(self, programme: str, recorders: Collection[str], labels: Mapping[str, str]) -> None:
        self.labels = labels
        self.environment = Environment(
            loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self.environment.filters |= FILTERS | {"label": self.label, "capital": capitalised, "items": items_of}
        self.environment.globals |= {
            "programme": programme,
            "version": __version__,
            "recorders": recorders,
            "charts": charts,
            "roles": {role.value: role.label for role in Role},
        }

    def label(self, code: object) -> str:
        """The label of a code; a code without one is shown as it is."""
        return self.labels.get(str(code), str(code))

    def page(self, context: RequestContext, template: str, status: int = 200, **model: Any) -> Response:
        text = self.environment.get_template(template).render(visitor=context.identity, address=context.request.path, **model)
        return Response(text, status, content_type="text/html; charset=utf-8")


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
