"""What the bodies and parameters of the HTTP API are declared with, so that its description tells every rule it can.

The rules stand here as JSON Schema, for whoever reads the description. They are enforced where they belong, with errors
of their own: `read_json`, the request frame, and the capabilities.
"""

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from opsdesk.kit.paging import CURSOR_CHARACTERS_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX

NO_NUL = r"^[^\u0000]*$"
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
SHA256 = "^[0-9a-f]{64}$"


class View(BaseModel):
    """The base of what is answered: every field is always there. The docstring of a field is its description."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)


class Body(BaseModel):
    """The base of what is asked. What is not declared is refused."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="forbid")


def text_schema(**rules: Any) -> dict[str, Any]:
    """The schema of a text that PostgreSQL can hold, with further rules."""
    return {"pattern": NO_NUL} | rules


def _spelled_out(value: Any) -> Any:
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        return value
    raise ValueError("has to be a date and a time with its offset, as RFC 3339 writes them")


def _page_size(schema: dict[str, Any]) -> None:
    schema.pop("exclusiveMaximum", None)
    schema.update(minimum=1, maximum=PAGE_ROWS_MAX)


Sha256 = Annotated[str, Field(json_schema_extra={"pattern": SHA256})]
"""SHA-256 in hexadecimal."""
Next = Annotated[
    str | None, Field(description="What to send as `cursor` for the rows that follow; null after the last.")
]
Moment = Annotated[AwareDatetime, BeforeValidator(_spelled_out)]
"""A time as RFC 3339 writes it, and not, as pydantic would take too, as a number or without its offset."""
Text = Annotated[str, Field(json_schema_extra=text_schema())]
Values = Annotated[dict[str, Any], Field(json_schema_extra={"propertyNames": text_schema()})]
"""Any JSON values by name. Texts without NUL, numbers of at most 64 bits, and not nested deeper than DEPTH_MAX."""

# A parameter is there or it is not; null is nothing that an address could hold.
Limit = Annotated[
    # What has more bits than JSON can answer with is refused here, everything else by `page_rows`.
    Annotated[int, Field(ge=-(2**63), lt=2**63)] | SkipJsonSchema[None],
    Query(
        description=f"How many rows the page has at most; {PAGE_ROWS_DEFAULT} if it is left out.",
        json_schema_extra=_page_size,
    ),
]
Cursor = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="`next` of the page before; the first page has none.",
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]*$", "maxLength": CURSOR_CHARACTERS_MAX},
    ),
]


def named(description: str) -> Any:
    """The part of an address that names something which may be called anything."""
    return Path(description=description, json_schema_extra=text_schema(minLength=1))


INTEGER_MAX = 2**31 - 1
CountedId = Annotated[int, Path(ge=1, le=INTEGER_MAX)]
"""An id in an address, of what the database counts in an integer."""
