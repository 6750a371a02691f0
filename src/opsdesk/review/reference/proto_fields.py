"""The fields of a protobuf message, read by the protobuf compiler out of real `.proto` files."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from opsdesk.review.reference.errors import ProtoInvalid

BYTES_MAX = 1024 * 1024
"""Of all files together."""
FILES_MAX = 100
DEPTH_MAX = 8
"""How deep messages are followed into each other."""
FIELDS_MAX = 5000
COMPILE_S = 20
_WRAPPED_64 = ("google.protobuf.Int64Value", "google.protobuf.UInt64Value")
"""The two of protobuf's wrappers whose value would be a text; the others are their value already."""
_OUTPUT_CHARS_MAX = 2000


@dataclass(frozen=True, slots=True)
class PbField:
    """A field by its path from the message on, such as `customer.id_card.front_url`, and its type in words."""

    path: str
    type: str


async def compile_proto(files: Mapping[str, str]) -> bytes:
    """The FileDescriptorSet of these files (by name, such as `loan/request.proto`), with everything they import.

    The well-known types of Google may be imported. Raises ProtoInvalid, with what the compiler says.
    """
    _check_files(files)
    return await asyncio.to_thread(_compiled, files)


def _compiled(files: Mapping[str, str]) -> bytes:
    compiler = find_spec("grpc_tools")
    assert compiler is not None
    assert compiler.origin is not None
    well_known = Path(compiler.origin).parent / "_proto"
    with TemporaryDirectory(prefix="opsdesk-proto-") as folder:
        for name, text in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        out = Path(folder, "descriptors")
        # In a process of its own: the compiler is not made to be called twice, and writes to the standard error.
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={folder}", f"--proto_path={well_known}"]
        command += [f"--descriptor_set_out={out}", "--include_imports", *files]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=COMPILE_S, check=False)
        except subprocess.TimeoutExpired:
            raise ProtoInvalid(f"the compiler took more than {COMPILE_S} s") from None
        if done.returncode:
            text = done.stderr.decode(errors="replace").replace(f"{folder}/", "").strip()
            raise ProtoInvalid(text[:_OUTPUT_CHARS_MAX] or "the compiler refuses it")
        return out.read_bytes()


def _check_files(files: Mapping[str, str]) -> None:
    if not files:
        raise ProtoInvalid("there is no file")
    if len(files) > FILES_MAX:
        raise ProtoInvalid(f"there are more than {FILES_MAX} files")
    if sum(len(text.encode()) for text in files.values()) > BYTES_MAX:
        raise ProtoInvalid(f"the files have more than {BYTES_MAX} bytes together")
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or path.suffix != ".proto" or not name.isprintable():
            raise ProtoInvalid("a file is not called as one inside a folder, such as loan/request.proto")


def messages_of(descriptors: bytes) -> list[str]:
    """The messages that are defined in a set and not in the well-known files, in their order."""
    found = FileDescriptorSet.FromString(descriptors)
    return [
        f"{file.package}.{message.name}".lstrip(".")
        for file in found.file
        if not file.name.startswith("google/protobuf/")
        for message in file.message_type
    ]


def message_descriptor(descriptors: bytes, message: str) -> Descriptor:
    """Raises ProtoInvalid where the set has no such message."""
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptors).file:
        pool.Add(file)
    try:
        return pool.FindMessageTypeByName(message)
    except KeyError:
        known = ", ".join(messages_of(descriptors)[:20])
        raise ProtoInvalid(f"there is no message {message!r}; there are {known}") from None


def fields_of(descriptors: bytes, message: str) -> list[PbField]:
    """Every field that a value can be read from, in the order of the file: also those of messages inside, by path.

    A message that contains itself is followed once. Lists of messages have no path. Raises ProtoInvalid.
    """
    fields = []
    for found in _fields(message_descriptor(descriptors, message), "", (message,)):
        fields.append(found)
        if len(fields) > FIELDS_MAX:
            raise ProtoInvalid(f"the message has more than {FIELDS_MAX} fields")
    return fields


def _fields(message: Descriptor, prefix: str, seen: tuple[str, ...]) -> Iterator[PbField]:
    for field in message.fields:
        path, inner = f"{prefix}{field.name}", field.message_type
        if inner is None or _is_known(inner):
            yield PbField(path, _type(field))
        elif not field.is_repeated and inner.full_name not in seen and len(seen) < DEPTH_MAX:
            yield from _fields(inner, f"{path}.", (*seen, inner.full_name))


def _type(field: FieldDescriptor) -> str:
    if field.message_type is not None:
        name = field.message_type.name
    elif field.enum_type is not None:
        name = f"enum {field.enum_type.name}"
    else:
        name = _TYPES[field.type]
    return f"list of {name}" if field.is_repeated else name


_TYPES = {
    getattr(FieldDescriptor, name): name.removeprefix("TYPE_").lower()
    for name in dir(FieldDescriptor)
    if name.startswith("TYPE_")
}


def decoded(message: Descriptor, body: bytes) -> dict[str, Any]:
    """What the bytes say, as JSON: names as in the file, fields that were left out with their defaults.

    Of the mapping to JSON that protobuf has, one thing is otherwise: integers of 64 bits are numbers, and no texts, so
    that rules compare them whichever way an application comes. Raises ProtoInvalid where the bytes are no such message.
    """
    found = GetMessageClass(message)()
    try:
        found.ParseFromString(body)
    except DecodeError:
        raise ProtoInvalid(f"the body is no {message.full_name}") from None
    content: dict[str, Any] = MessageToDict(
        found, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return _with_numbers(message, content)


def _with_numbers(message: Descriptor, content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _with_number(message.fields_by_name[name], value) for name, value in content.items()}


def _with_number(field: FieldDescriptor, value: Any) -> Any:
    inner = field.message_type
    if isinstance(value, list):
        return [_with_number(field, each) for each in value]
    if inner is not None and inner.GetOptions().map_entry:
        return {key: _with_number(inner.fields_by_name["value"], each) for key, each in value.items()}
    if field.cpp_type in (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64):
        return int(value)
    if inner is not None and inner.full_name in _WRAPPED_64:
        return int(value)
    # What protobuf itself defines, such as a timestamp, has a JSON of its own, which names no fields.
    return _with_numbers(inner, value) if inner is not None and not _is_known(inner) else value


def _is_known(message: Descriptor) -> bool:
    return message.file.package == "google.protobuf"
