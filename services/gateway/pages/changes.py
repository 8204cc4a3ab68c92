"""The page that tells what changed the figures of a quarter between two moments."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.changes_api import ChangeLine, ChangesApi
from services.gateway.cursors import cursor_of
from services.gateway.pages.committee import CommitteePages
from services.gateway.pages.moments import kept
from services.gateway.pages.rendering import Pages
from services.gateway.request_context import RequestContext
from services.reporting.change_answers import Move
from services.vocabulary.programme import PROGRAMME

SIDES = {"numerator": "au numérateur", "denominator": "au dénominateur"}


class Effect(NamedTuple):
    """What an event did to a figure, in words: by how much, the figure, and where."""

    change: int
    label: str
    side: str
    territory: str


class ChangesPages:
    def __init__(self, pages: Pages, api: ChangesApi, committee: CommitteePages) -> None:
        self.pages = pages
        self.api = api
        self.committee = committee

    def rules(self) -> Iterable[Rule]:
        yield Rule("/coter/<territory>/<quarter>/changements", methods=["GET"], endpoint=self.changes)

    def changes(self, context: RequestContext, territory: str, quarter: str) -> Response:
        query = context.query
        known = self.api.queries.known_territory(territory)
        first = self.api.queries.deps.reference.since.isoformat()
        since, until = query.get("depuis", first), query.get("au")
        changes = self.api.read(context, known, quarter, since, until)
        model = self.committee.model(context, territory, quarter)
        labels, places = {line.id: line.label for line in model.indicators}, self.places(territory)
        lines = [(line, effects(line, labels, places)) for line in self.api.lines(context, changes)]
        asked = {"definitions": query.get("definitions"), "depuis": since, "au": until}
        following = kept(**asked, cursor=cursor_of("position", [str(changes.next)])) if changes.next is not None else None
        return self.pages.page(
            context,
            "changes.html",
            model=model,
            changes=changes,
            lines=lines,
            since=since,
            until=until,
            following=following,
            kept=kept(definitions=query.get("definitions"), au=until),
            first_page="cursor" not in query,
            opens_answers=self.api.queries.access.reads_answers(context.known()),
        )

    def places(self, territory: str) -> Mapping[str, str]:
        """The labels of the territories, where a reader sees several of them together."""
        deps = self.api.queries.deps
        return deps.territories if territory == PROGRAMME or territory in deps.groupings else {}


def effects(line: ChangeLine, labels: Mapping[str, str], places: Mapping[str, str]) -> list[Effect]:
    """Of each figure that its quarter has. What is counted on both sides of a ratio is told of each."""
    return [effect(move, labels[move.indicator], places) for move in line.moves if move.indicator in labels]


def effect(move: Move, label: str, places: Mapping[str, str]) -> Effect:
    return Effect(move.change, label, SIDES[move.side], places.get(move.territory, ""))
