"""Fields out of real protobuf files."""

from typing import Any

import pytest
from google.protobuf.message_factory import GetMessageClass

from opsdesk.review.reference.errors import ProtoInvalid
from opsdesk.review.reference.proto_fields import (
    PbField,
    compile_proto,
    decoded,
    fields_of,
    message_descriptor,
    messages_of,
)

REQUEST = """
syntax = "proto3";
package loan;
import "loan/customer.proto";
import "google/protobuf/timestamp.proto";
message Request {
  string flow_no = 1;
  Customer customer = 2;
  google.protobuf.Timestamp applied_at = 3;
  repeated string tags = 4;
  repeated Customer guarantors = 5;
}
"""
CUSTOMER = """
syntax = "proto3";
package loan;
enum Level { NONE = 0; GOLD = 1; }
message Customer {
  string name = 1;
  Level level = 2;
  Card id_card = 3;
  Customer referred_by = 4;
}
message Card { string front_url = 1; int64 valid_until = 2; }
"""
FILES = {"loan/request.proto": REQUEST, "loan/customer.proto": CUSTOMER}


async def test_every_field_is_listed_by_its_path_also_those_of_messages_inside() -> None:
    descriptors = await compile_proto(FILES)
    assert messages_of(descriptors) == ["loan.Customer", "loan.Card", "loan.Request"]
    assert fields_of(descriptors, "loan.Request") == [
        PbField("flow_no", "string"),
        PbField("customer.name", "string"),
        PbField("customer.level", "enum Level"),
        PbField("customer.id_card.front_url", "string"),
        PbField("customer.id_card.valid_until", "int64"),
        PbField("applied_at", "Timestamp"),
        PbField("tags", "list of string"),
    ]


LOAN = """
syntax = "proto3";
import "google/protobuf/timestamp.proto";
message Loan {
  int64 amount = 1;
  uint64 income = 2;
  int32 months = 3;
  bool is_first = 4;
  string purpose = 5;
  repeated int64 earlier = 6;
  map<string, int64> debts = 7;
  Part part = 8;
  google.protobuf.Timestamp applied_at = 9;
  message Part { int64 share = 1; }
}
"""


@pytest.mark.req("REV-D06")
async def test_a_message_is_read_with_defaults_and_with_large_numbers_as_numbers() -> None:
    message = message_descriptor(await compile_proto({"loan.proto": LOAN}), "Loan")
    nothing = {"amount": 0, "income": 0, "months": 0, "is_first": False, "purpose": "", "earlier": [], "debts": {}}
    assert decoded(message, b"") == nothing
    applied_at = {"seconds": 1767578400}
    sent: dict[str, Any] = {"amount": 2**60, "income": 5, "earlier": [1, 2], "debts": {"bank": 7}, "part": {"share": 3}}
    loan = GetMessageClass(message)(**sent, applied_at=applied_at)
    assert decoded(message, loan.SerializeToString()) == {**nothing, **sent, "applied_at": "2026-01-05T02:00:00Z"}


WRAPPED = """
syntax = "proto3";
import "google/protobuf/wrappers.proto";
message Wrapped {
  google.protobuf.Int64Value amount = 1;
  google.protobuf.UInt64Value income = 2;
  google.protobuf.Int32Value months = 3;
  google.protobuf.UInt32Value days = 4;
  google.protobuf.BoolValue is_first = 5;
  google.protobuf.StringValue purpose = 6;
  google.protobuf.DoubleValue score = 7;
  google.protobuf.FloatValue share = 8;
  google.protobuf.BytesValue mark = 9;
  repeated google.protobuf.Int64Value earlier = 10;
  map<string, google.protobuf.UInt64Value> debts = 11;
}
"""


@pytest.mark.req("REV-D06")
async def test_values_in_wrappers_are_read_as_the_values_that_they_wrap() -> None:
    message = message_descriptor(await compile_proto({"wrapped.proto": WRAPPED}), "Wrapped")
    assert decoded(message, b"") == {"earlier": [], "debts": {}}, "left out is not zero"
    numbers = {"amount": -(2**60), "income": 2**63, "months": 12, "days": 0, "score": 0.5, "share": 0.25}
    sent: dict[str, Any] = {**numbers, "is_first": False, "purpose": "roof"}
    wrapped: Any = GetMessageClass(message)()
    for name, value in {**sent, "mark": b"\x00"}.items():
        getattr(wrapped, name).value = value
    wrapped.earlier.add(value=7)
    wrapped.debts["bank"].value = 9
    assert decoded(message, wrapped.SerializeToString()) == {
        **sent,
        "mark": "AA==",
        "earlier": [7],
        "debts": {"bank": 9},
    }


async def test_bytes_that_are_no_message_are_refused() -> None:
    message = message_descriptor(await compile_proto({"loan.proto": LOAN}), "Loan")
    with pytest.raises(ProtoInvalid) as refused:
        decoded(message, b"\xff\xff")
    assert refused.value.problem == "the body is no Loan"


async def test_a_file_that_is_wrong_is_refused_with_its_line_and_without_our_paths() -> None:
    with pytest.raises(ProtoInvalid) as refused:
        await compile_proto({"a.proto": 'syntax = "proto3";\nmessage A { strin x = 1; }'})
    assert refused.value.problem.startswith('a.proto:2:13: "strin" is not defined')


async def test_a_message_that_is_not_there_is_refused_with_those_that_are() -> None:
    descriptors = await compile_proto(FILES)
    with pytest.raises(ProtoInvalid) as refused:
        fields_of(descriptors, "loan.Nothing")
    assert "loan.Customer, loan.Card, loan.Request" in refused.value.problem


@pytest.mark.parametrize("name", ["../a.proto", "/etc/a.proto", "a.txt", "a\n.proto"])
async def test_a_file_is_called_as_one_inside_a_folder(name: str) -> None:
    with pytest.raises(ProtoInvalid):
        await compile_proto({name: 'syntax = "proto3";'})


async def test_files_that_are_too_large_are_refused_before_they_are_compiled() -> None:
    with pytest.raises(ProtoInvalid, match="bytes together"):
        await compile_proto({"a.proto": "/" * 1_100_000})
