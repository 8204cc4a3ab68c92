"""The counts, town by town, that give the figures published by the study.

Source: "Ce qu'il faut retenir de l'étude d'impact social du dispositif, juin 2022 – juin 2024". It publishes percentages and few counts:
143 people redirected (42 % of those met), 48 with a positive exit (29 % of those coached; the target was 25 %), 34 % with a dynamic one,
2 businesses created, and for the survey 100 % satisfied, a mean rating of 4.6, 97 % for wellbeing and for continuation, and an effect in a
domain of life for six in ten.

Arithmetic, with percentages rounded half up: 143 / met = 42 % forces 337 to 344 people met, 48 / coached = 29 % forces 163 to 168 people
coached. Within these bounds the counts below are a choice, as is their distribution over the towns: 340 met, 165 coached, 143 redirected,
48 positive, 56 dynamic (34 %), and 70 answers to the survey, 42 with the rating 5 and 28 with 4 (mean 4.6), 68 positive (97 %), 42 with an
effect. `tests/golden/study.json` has the same numbers, and the tests count them in the events.
"""

from msgspec import Struct


class Counts(Struct, frozen=True, kw_only=True):
    """People of one town, then its answers to the survey.

    `positive` and `dynamic` are people by their best exit. Of the `answers`, `rating_5` give a 5 (the others a 4), `domain_effects` name a
    domain of life, and `negative` see no better wellbeing and want no continuation.
    """

    met: int
    coached: int
    redirected: int
    positive: int
    dynamic: int
    answers: int
    rating_5: int
    domain_effects: int
    negative: int = 0


COUNTS_BY_TOWN = {
    "alencon": Counts(met=130, coached=62, redirected=55, positive=18, dynamic=21, answers=27, rating_5=16, domain_effects=16, negative=1),
    "flers": Counts(met=95, coached=46, redirected=40, positive=13, dynamic=16, answers=19, rating_5=12, domain_effects=12, negative=1),
    "argentan": Counts(met=70, coached=34, redirected=29, positive=10, dynamic=11, answers=14, rating_5=8, domain_effects=8),
    "laigle": Counts(met=45, coached=23, redirected=19, positive=7, dynamic=8, answers=10, rating_5=6, domain_effects=6),
}
OPEN_ONE_IN = 3  # of the journeys without a positive or dynamic exit, one in three is still open at the end (a choice)
