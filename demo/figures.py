"""What the study published, as the counts behind it. Within what the published percentages allow, the counts are a choice."""

from msgspec import Struct


class Counts(Struct, frozen=True, kw_only=True):
    """People of one town; `answers` are those of the anonymous survey, `fives` those that give the best mark."""

    met: int
    coached: int
    redirected: int
    positive: int
    dynamic: int
    answers: int
    fives: int
    effects: int


STUDY = {
    "alencon": Counts(met=130, coached=62, redirected=55, positive=18, dynamic=21, answers=27, fives=16, effects=16),
    "flers": Counts(met=95, coached=46, redirected=40, positive=13, dynamic=16, answers=19, fives=12, effects=12),
    "argentan": Counts(met=70, coached=34, redirected=29, positive=10, dynamic=11, answers=14, fives=8, effects=8),
    "laigle": Counts(met=45, coached=23, redirected=19, positive=7, dynamic=8, answers=10, fives=6, effects=6),
}
GLOOMY = ("alencon", "flers")  # one answer in each says neither better nor to be continued: 68 of 70
STILL_OPEN = 3  # of those with no outcome, one in so many is still coached at the end
