"""What the reporting service answers about its indicators: what they are, and their figures over all quarters.

Part of the published language of the service, like `answers`.
"""

from msgspec import Struct

from services.reporting.answers import TrendPoint


class Declaration(Struct, frozen=True):
    """What an indicator is, under one version of the definitions. Texts are French."""

    id: str
    label: str
    section: str
    definition: str
    population: str
    unit: str
    measure: str
    cumulative: bool
    stock: bool
    sides: list[str]


class DefinitionsVersion(Struct, frozen=True):
    """A published version; without `from_quarter` it is in force from the start."""

    version: int
    from_quarter: str | None


class Declarations(Struct, frozen=True):
    """The indicators of a version, and every published version."""

    version: int
    indicators: list[Declaration]
    versions: list[DefinitionsVersion]


class History(Struct, frozen=True):
    """The figures of one indicator in one territory, by quarter."""

    indicator: str
    territory: str
    trend: list[TrendPoint]
