"""What follows from the bands that are shown: a reader can work it out, so it is shown too, and nothing is decided here.

A part is not more than its whole, parts that make up a whole add up to it, and a grouping is the sum of its territories. Where these
relations narrow a band it is shown narrower. A number that would be found out so is one that `protection` has protected already.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import combinations

from msgspec import Struct

from services.reporting.disclosure.bands import Band
from services.reporting.disclosure.disclose import Bands
from services.reporting.disclosure.families import Cluster
from services.vocabulary.programme import PROGRAMME, Groupings

MAX_KNOWN = 20_000  # counts of one place and quarter


def inferred(cluster: Cluster, decided: Bands, territories: Sequence[str], groupings: Groupings) -> dict[str, Mapping[str, Band]]:
    """The bands of one quarter by place, territories and groupings, then by count."""
    related = relations(cluster)
    places = {place: narrowed({name: row[number] for name, row in decided.items()}, related) for number, place in enumerate(territories)}
    rows = {name: {place: bands[name] for place, bands in places.items()} for name in decided}
    sums = {grouping: {name: of_grouping(row, members) for name, row in rows.items()} for grouping, members in groupings.items()}
    return places | {grouping: narrowed(bands, related) for grouping, bands in sums.items()}


class Relation(Struct, frozen=True):
    """Parts of a whole that exclude each other; `complete` says that there is no other part."""

    whole: str
    parts: tuple[str, ...]
    complete: bool


@cache
def relations(cluster: Cluster) -> tuple[Relation, ...]:
    """How the counts of a cluster are related: each with one or two others that are parts of it."""
    return tuple(relations_in(cluster))


def relations_in(cluster: Cluster) -> Iterator[Relation]:
    for family in cluster.families:
        parts = {cluster.total: frozenset(range(family.parts)), **dict(family.counts)}
        for whole, of_whole in parts.items():
            within = [name for name, of in parts.items() if name != whole and of <= of_whole]
            for names in (*((name,) for name in within), *combinations(within, 2)):
                together = frozenset[int]().union(*(parts[name] for name in names))
                if len(together) == sum(len(parts[name]) for name in names):
                    yield Relation(whole, names, together == of_whole)


def narrowed(bands: Mapping[str, Band], related: tuple[Relation, ...]) -> Mapping[str, Band]:
    """The bands by count, as narrow as the relations make them. Numbers that contradict them are left as they are."""
    return narrowed_rows(tuple(bands.items()), related)


@lru_cache(MAX_KNOWN)
def narrowed_rows(bands: tuple[tuple[str, Band], ...], related: tuple[Relation, ...]) -> Mapping[str, Band]:
    """Kept from one page to the next: an event changes the counts of a few places, and all others are the same again."""
    found, changed = dict(bands), True
    while changed:
        changed = False
        for relation in related:
            for name, band in implied(found, relation):
                if band != found[name] and band.least <= band.most:
                    found[name], changed = band, True
    return found


def implied(bands: Mapping[str, Band], relation: Relation) -> Iterator[tuple[str, Band]]:
    """What one relation tells of the whole, and of each part."""
    whole, parts = bands[relation.whole], [bands[part] for part in relation.parts]
    most = sum(part.most for part in parts) if relation.complete else whole.most
    yield relation.whole, Band(max(whole.least, sum(part.least for part in parts)), min(whole.most, most))
    for name, part in zip(relation.parts, parts, strict=True):
        least = whole.least - (sum(other.most for other in parts) - part.most) if relation.complete else part.least
        yield name, Band(max(part.least, least), min(part.most, whole.most - (sum(other.least for other in parts) - part.least)))


def of_grouping(row: Mapping[str, Band], members: Collection[str]) -> Band:
    """What the bands of the territories and of the programme tell of the sum of some of these territories."""
    programme = row[PROGRAMME]
    inside = [row[territory] for territory in members]
    outside = [band for place, band in row.items() if place not in members and place != PROGRAMME]
    return Band(
        max(sum(band.least for band in inside), programme.least - sum(band.most for band in outside)),
        min(sum(band.most for band in inside), programme.most - sum(band.least for band in outside)),
    )
