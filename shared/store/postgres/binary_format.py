"""PostgreSQL's binary formats of the few types that we send and receive: integers, times, texts and one-dimensional arrays.

The server trusts these bytes. It refuses a wrong length, but it stores without any error two arrays of different sizes, or a time
counted from another epoch. Therefore all packing is in this module, the contract suite reads back each type of value that is packed,
and the arrays of an append, whose sizes must agree, are all made by one function (`writer.pack_appends`).

Formats: `send` and `recv` functions in PostgreSQL's source, for instance src/backend/utils/adt/arrayfuncs.c (array_recv).
"""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

INT8, INT4, TEXT, TIMESTAMPTZ = 20, 23, 25, 1184  # type OIDs: select oid from pg_type
INT8_ARRAY, INT4_ARRAY, TEXT_ARRAY, TIMESTAMPTZ_ARRAY = 1016, 1007, 1009, 1185
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # timestamptz is the number of microseconds since then
NULL = b"\xff\xff\xff\xff"  # the length -1
pack_header = struct.Struct(">5i").pack  # of an array
pack_length = struct.Struct(">i").pack
pack_int8_element, pack_int4_element = struct.Struct(">iq").pack, struct.Struct(">ii").pack  # with their lengths


def pack_int8(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def pack_timestamptz(value: datetime) -> bytes:
    since = value - EPOCH
    return pack_int8((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)


def pack_array(oid: int, elements: Sequence[bytes | None]) -> bytes:
    """Pack packed elements of type `oid`. Header: dimensions, null flag, type, size, first index; then length and bytes of each."""
    parts = [pack_header(1, 1, oid, len(elements), 1)]
    for element in elements:
        if element is None:
            parts.append(NULL)
        else:
            parts.append(pack_length(len(element)))
            parts.append(element)
    return b"".join(parts)


def pack_int8_array(values: Sequence[int]) -> bytes:
    return pack_header(1, 1, INT8, len(values), 1) + b"".join([pack_int8_element(8, value) for value in values])


def pack_int4_array(values: Sequence[int]) -> bytes:
    return pack_header(1, 1, INT4, len(values), 1) + b"".join([pack_int4_element(4, value) for value in values])


def pack_text_array(values: Sequence[str]) -> bytes:
    return pack_array(TEXT, [value.encode() for value in values])


def unpack_int8(value: bytes | None) -> int:
    """Return a bigint; 0 for null."""
    return int.from_bytes(value or b"", "big", signed=True)


def unpack_int8_array(data: bytes) -> tuple[int, ...]:
    """Return the numbers of a one-dimensional bigint array without nulls: 20 bytes of header, then 4 of length and 8 of value each."""
    count = (len(data) - 20) // 12
    return struct.unpack(">" + "4xq" * count, data[20:])
