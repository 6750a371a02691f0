"""The fields of a protobuf message, read by the protobuf compiler out of real `.proto` files."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

from opsdesk.review.reference.errors import ProtoInvalid

BYTES_MAX = 1024 * 1024
"""Of all files together."""
FILES_MAX = 100
DEPTH_MAX = 8
"""How deep messages are followed into each other."""
FIELDS_MAX = 5000
COMPILE_S = 20
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
        if inner is None or inner.full_name.startswith("google.protobuf."):
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
