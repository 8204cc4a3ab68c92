"""A person is found by the first letters of a name, however it is written, or by a telephone number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.trust.personal.search import SHORTEST, SearchIndex, plain_words

INDEX = SearchIndex(b"k" * 32)
TOKENS = INDEX.tokens(["Anne-Cécile", "N’Guessan Le Œuvre"], ["02 33 80 12 34"])


def finds(text: str) -> bool:
    asked = INDEX.searched(text)
    return asked is not None and asked <= TOKENS


@pytest.mark.parametrize(
    "text",
    [
        "ann",
        "cec",
        "CÉCILE",
        "cecile anne",
        "guess",
        "n'guessan",
        "oeuvre",
        "œuv",
        "ann guess",
        "le guessan",
        "0233801234",
        "+33 2 33 80 12 34",
    ],
)
def test_found(text: str) -> None:
    assert finds(text)


@pytest.mark.parametrize("text", ["cil", "guessane", "anna", "ann dupont", "0233801235", "02338012"])
def test_not_found(text: str) -> None:
    assert not finds(text)


@pytest.mark.parametrize("text", ["", "an", "a b", "..", "02 33", "'"])
def test_too_short_to_search_for(text: str) -> None:
    assert INDEX.searched(text) is None


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_whoever_has_a_name_is_found_by_any_beginning_of_its_words(name: str, other: str) -> None:
    tokens = INDEX.tokens([name, other], [])
    for word in plain_words(name):
        for length in range(SHORTEST, len(word) + 1):
            asked = INDEX.searched(word[:length])
            assert asked is not None
            assert asked <= tokens


def test_a_token_says_nothing_without_the_key() -> None:
    assert SearchIndex(b"l" * 32).tokens(["Anne"], []).isdisjoint(INDEX.tokens(["Anne"], []))
    assert not any("ann" in token for token in TOKENS)
