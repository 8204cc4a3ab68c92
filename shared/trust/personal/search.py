"""A keyed index of names: a person is found by the first letters of a name, or by a telephone number, without a name being stored.

How it works
------------
Of each word of a name, its beginnings of 3 letters and more are tokens; of a telephone number, its last 9 digits. A token is a keyed digest
(HMAC-SHA-256, 96 bits): without the key, which the database does not hold, a guess cannot be compared. Who has the database alone sees how
many persons share a token, and no more.

Who searches gives words; a person is found who has the tokens of all of them. What is found is compared with the opened names afterwards by
who shows them: a digest says that two beginnings are equal, not where they stand.
"""

import hmac
import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

PURPOSE = "search index"
SHORTEST = 3  # letters of a word that is searched for
LONGEST = 15  # beginnings are no longer: by then few are left
PHONE_DIGITS = 9  # the national number, without the 0 or the +33 before it
TOKEN_LENGTH = 24  # hexadecimal digits
WORD = re.compile(r"[^\W\d_]+")
PHONE = re.compile(r"^[\s\d+().-]{6,}$")


def plain_words(text: str) -> list[str]:
    """The words of a text as they are compared: small letters without accents. What joins parts of a name separates words."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("æ", "ae"))
    return WORD.findall("".join(letter for letter in letters if not unicodedata.combining(letter)))


def digits_of(text: str) -> str:
    return re.sub(r"\D", "", text)[-PHONE_DIGITS:]


class SearchIndex:
    def __init__(self, key: bytes) -> None:
        self.key = key

    def token(self, kind: str, text: str) -> str:
        return hmac.digest(self.key, f"{kind}:{text}".encode(), sha256).hex()[:TOKEN_LENGTH]

    def tokens(self, names: Iterable[str], phones: Iterable[str]) -> frozenset[str]:
        """What a person is found by."""
        words = (word for name in names for word in plain_words(name))
        beginnings = {word[:length] for word in words for length in range(min(SHORTEST, len(word)), min(len(word), LONGEST) + 1)}
        numbers = {digits for phone in phones if len(digits := digits_of(phone)) == PHONE_DIGITS}
        return frozenset({self.token("name", each) for each in beginnings} | {self.token("phone", each) for each in numbers})

    def searched(self, text: str) -> frozenset[str] | None:
        """The tokens that a person must have; None if the text is too short to search for: a word needs SHORTEST letters, one of them."""
        if PHONE.match(text):
            digits = digits_of(text)
            return frozenset({self.token("phone", digits)}) if len(digits) == PHONE_DIGITS else None
        words = plain_words(text)
        if not any(len(word) >= SHORTEST for word in words):
            return None
        return frozenset(self.token("name", word[:LONGEST]) for word in words)
