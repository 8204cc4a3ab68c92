"""A sealed value opens under its key, where it stands, and nowhere else."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.trust.personal.cipher import Unreadable, new_key, open_bytes, seal, seal_bytes, unseal

VALUES = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=5)
KEY = new_key()


@given(VALUES, st.text())
def test_a_value_comes_back_and_its_text_is_not_in_what_is_stored(value: object, place: str) -> None:
    sealed = seal(KEY, value, place).sealed
    assert unseal(KEY, sealed, place) == value
    if isinstance(value, str) and len(value) > 3:
        assert value.encode() not in urlsafe_b64decode(sealed)


def test_the_same_value_is_never_stored_as_the_same_bytes() -> None:
    assert len({seal(KEY, "Perseigne", "e|place|p").sealed for _ in range(100)}) == 100


def test_another_key_another_place_and_any_changed_bit_make_it_unreadable() -> None:
    sealed = seal_bytes(KEY, b"secret", "e|place|p")
    for key, text, place in [(new_key(), sealed, "e|place|p"), (KEY, sealed, "e|place|q"), (KEY, sealed, "f|place|p"), (KEY, "", "x")]:
        with pytest.raises(Unreadable):
            open_bytes(key, text, place)
    data = urlsafe_b64decode(sealed)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unreadable):
            open_bytes(KEY, urlsafe_b64encode(changed).decode(), "e|place|p")


@given(st.text())
def test_what_was_not_made_here_is_unreadable_and_nothing_else(text: str) -> None:
    with pytest.raises(Unreadable):
        open_bytes(KEY, text, "e|place|p")
