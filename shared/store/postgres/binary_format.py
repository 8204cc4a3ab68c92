"""Values as PostgreSQL's own binary formats.

Why this is dangerous. The server believes the bytes. A wrong length is refused, but two arrays of different sizes, or a time counted
from the wrong year, are stored without a word. All packing is in this file, the contract suite reads back every value that it packs,
and the SQL function gets arrays whose sizes one function (`postgres_writer.packed`) makes equal.
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

INT8, INT4, TEXT, TIMESTAMPTZ, INT8_ARRAY = 20, 23, 25, 1184, 1016
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
NULL = b"\xff\xff\xff\xff"  # a length of -1


def int8(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def timestamptz(value: datetime) -> bytes:
    since = value - EPOCH
    return int8((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def array(oid: int, elements: Sequence[bytes | None]) -> bytes:
    """A one-dimensional array: dimensions, whether there may be nulls, type, size, first index; then length and bytes of each."""
    parts = [struct.pack(">iiiii", 1, 1, oid, len(elements), 1)]
    for element in elements:
        if element is None:
            parts.append(NULL)
        else:
            parts.append(len(element).to_bytes(4, "big"))
            parts.append(element)
    return b"".join(parts)


def int8_array(values: Sequence[int]) -> bytes:
    return array(INT8, [int8(value) for value in values])


def int4_array(values: Sequence[int]) -> bytes:
    return array(INT4, [value.to_bytes(4, "big") for value in values])


def text_array(values: Sequence[str]) -> bytes:
    return array(TEXT, [value.encode() for value in values])


def int8s(data: bytes) -> tuple[int, ...]:
    """The numbers of an array of bigint without nulls: 20 bytes of head, then a length of 4 and a value of 8 for each."""
    count = (len(data) - 20) // 12
    return struct.unpack(">" + "4xq" * count, data[20:])
