"""What is said to people, by its code: the texts are data, in `messages.yaml`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Message:
    """A text in both languages; `status` and `retry` are those of a refusal that says it."""

    code: str
    zh: str
    en: str
    status: int = 409
    retry: bool = False


def _read() -> dict[str, Message]:
    texts: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {code: Message(code, **fields) for code, fields in texts.items()}


MESSAGES = _read()


def text(code: str, **facts: object) -> str:
    """In Chinese, as customers and providers are shown it."""
    return MESSAGES[code].zh.format_map(facts)


def text_en(code: str, **facts: object) -> str:
    return MESSAGES[code].en.format_map(facts)
