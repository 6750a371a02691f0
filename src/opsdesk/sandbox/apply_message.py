"""The message of `proto/apply.proto`, written by hand: the outside world borrows no encoder from the product."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROTO_FILE = Path(__file__).with_name("proto") / "apply.proto"
MESSAGE = "loan.v1.ApplyRequest"

_NUMBERS: Mapping[str, Any] = {
    "customer": (
        1,
        {"full_name": 1, "id_number": 2, "birth_date": 3, "phone": 4, "id_card": (5, {"front_url": 1, "back_url": 2})},
    ),
    "device": (2, {"ip": 1, "model": 2}),
    "loan": (3, {"purpose": 1, "months": 2}),
}


def encoded(request: Mapping[str, Any], numbers: Mapping[str, Any] = _NUMBERS) -> bytes:
    """The request as protobuf: texts, whole numbers, and messages within it."""
    return b"".join(_field(numbers[name], value) for name, value in request.items())


def _field(number: Any, value: Any) -> bytes:
    if isinstance(number, tuple):
        return _with_length(number[0], encoded(value, number[1]))
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _with_length(number, str(value).encode())


def _with_length(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
