"""The settings of a verb as a program can list them: name, type, choices, default, and the text under the field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Setting:
    """A field of a settings record."""

    name: str
    """Its keyword."""
    kind: type
    """str, int or float."""
    help: str
    """The text under the field."""
    choices: tuple[str, ...] = ()
    """What it may be, where that is a short list of names."""
    default: Any = None
    """Its value where it is left out; None where that depends on the system."""
    systems: tuple[str, ...] = ()
    """Of `train`: the systems that have it; empty where all have."""
    recipes: Mapping[str, Any] = field(default_factory=dict)
    """Of `train`: its value where it is left out, by system, where they differ."""


def settings_in(record: type, choices: Mapping[str, tuple[str, ...]] | None = None) -> list[Setting]:
    """The fields of a settings record, in their order."""
    kinds, texts = get_type_hints(record), field_texts(record)
    return [
        Setting(
            item.name,
            kinds[item.name],
            texts.get(item.name, ""),
            (choices or {}).get(item.name, ()),
            None if item.default is MISSING else item.default,
        )
        for item in fields(record)
    ]


def field_texts(record: type) -> dict[str, str]:
    """The text under each field of a class and of those that it builds on, on one line, by the field's name."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__[:-1]):
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
        assert isinstance(body, ast.ClassDef)
        for item, below in zip(body.body, body.body[1:], strict=False):
            if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                continue
            if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                found[item.target.id] = " ".join(str(below.value.value).split())
    return found
