"""No text of an address shows its password, and no text of others keeps it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.address import Address
from shared.concealment import ConcealingStream

JUNK = st.text(st.characters(exclude_characters=";"), max_size=8)


@given(JUNK, JUNK, st.sampled_from(["amqp", "amqps", "postgresql", "kurrentdb+discover"]))
def test_an_address_shows_no_password_however_it_is_written(before: str, after: str, scheme: str) -> None:
    address = Address(f"{scheme}://user:{before}sesame{after}@host/name")
    assert "sesame" not in f"{address}{address!r}{[address]}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:p%40ss@h1:5432,h2:5433/log?password=sesame", "postgresql://u@h1:5432,h2:5433/log"),
        ("postgresql://[::1]:5432/log", "postgresql://[::1]:5432/log"),
        ("amqp://u:one@h1/v;amqp://u:two@h2:1;amqps://u:three@h3/v", "amqp://u@h1/v;amqp://u@h2:1;amqps://u@h3/v"),
        ("amqp://u:se;same@h1/v", "***;***"),
        ("sqlite:////srv/a folder;1/log.sqlite", "sqlite:////srv/a folder;1/log.sqlite"),
        ("u:sesame", "***"),
        ("", "***"),
    ],
)
def test_an_address_shows_where_it_leads(text: str, shown: str) -> None:
    assert str(Address(text)) == shown
    assert Address(text).reveal() == text
    assert Address(Address(text)) == Address(text)


def test_texts_of_others_lose_the_passwords() -> None:
    address = Address("amqp://u:first-word@h1;amqp://u:second%20word@h2?password=third-word;amqp://u:abc@h3")
    text = 'cannot open "first-word", second%20word or second word, third-word at h1; abc stays'
    assert address.conceal(text) == 'cannot open "***", *** or ***, *** at h1; abc stays'
    stream = io.StringIO()
    ConcealingStream(stream, address.secrets()).writelines(["first-", "first-word\n"])
    assert stream.getvalue() == "first-***\n"
