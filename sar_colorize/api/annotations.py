"""Values of keywords as the signature's annotations allow: taken, or refused in one sentence.

A signature is the only list of types; a value of a wrong one would otherwise fail far inside, as a traceback.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np

from ..errors import SettingError


class Kind(NamedTuple):
    """One part of an annotation."""

    words: str
    """How a message calls it; empty where other parts say enough."""
    fits: Callable[[Any], bool]
    """Whether a value is of it."""


def _is_named(*names: str) -> Callable[[Any], bool]:
    """Whether a value is of a class, or of one under a class, of that name; nothing heavy is imported."""
    return lambda value: any(base.__name__ in names for base in type(value).__mro__)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def _is_options(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)


def _is_several(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | np.ndarray)


KINDS = {
    "str": Kind("text", lambda value: isinstance(value, str | os.PathLike)),
    "int": Kind("a whole number", lambda value: isinstance(value, Integral) and _is_number(value)),
    "float": Kind("a number", _is_number),
    "bool": Kind("true or false", lambda value: isinstance(value, bool | np.bool_)),
    "PathLike": Kind("a path", lambda value: isinstance(value, str | os.PathLike)),
    "Path": Kind("a path", lambda value: isinstance(value, str | os.PathLike)),
    "Box": Kind("four numbers, west south east north", lambda value: len(_numbers(value)) == 4),
    "Progress": Kind("a function of (done, total)", callable),
    "Scene": Kind("a Scene", _is_named("Scene")),
    "xarray.DataArray": Kind("an xarray DataArray", _is_named("DataArray")),
    "NDArray[Any]": Kind("an array", _is_named("ndarray")),
    "torch.Tensor": Kind("", _is_named("Tensor")),
    "Mapping[str, str]": Kind("a mapping of names to text", _is_options),
    "Sequence[str]": Kind("several names", _is_several),
    "list[Any]": Kind("", lambda value: isinstance(value, list | tuple)),
    "Iterable[str]": Kind("several names", _is_several),
    "Sequence[PathLike | xarray.DataArray | Scene]": Kind("several paths, DataArrays or Scenes", _is_several),
}
HINTS = {
    "source": "wrap an array in an xarray.DataArray with dims (band, y, x), or name a file",
    "sources": "put them into a list",
    "bbox": "give four",
}
"""What to do where leaving the keyword out is no answer."""


def checked(name: str, value: Any, annotation: str) -> Any:
    """A value as the annotation of its keyword says, numbers of numpy and paths in a text as Python's own.

    Args:
        name: of the keyword.
        value: what was given.
        annotation: its text in the signature; one with a part that is not in `KINDS` allows everything.

    Raises:
        SettingError: a value of another type.
    """
    parts = _parts(annotation)
    if value is None and "None" in parts:
        return None
    kinds = [KINDS.get(part) for part in parts if part != "None"]
    if None in kinds:
        return value
    allowed = [kind for kind in kinds if kind is not None]
    if not any(kind.fits(value) for kind in allowed):
        words = [kind.words for kind in allowed if kind.words]
        wanted = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
        hint = HINTS.get(name, "leave it out for the usual one")
        raise SettingError(f"{name} must be {wanted}, got {_shown(value)}; {hint}")
    if "Box" in parts:
        return _numbers(value)
    if isinstance(value, np.generic):
        return value.item()
    if "float" in parts and isinstance(value, int) and value.bit_length() > 64:
        try:
            return float(value)
        except OverflowError:
            bits = value.bit_length()
            raise SettingError(f"{name} must be a number below 1e308, got a number of {bits} bits; take less") from None
    return os.fspath(value) if "str" in parts and isinstance(value, os.PathLike) else value


def _parts(annotation: str) -> list[str]:
    """The alternatives of an annotation; a bar inside brackets parts nothing."""
    parts, depth = [""], 0
    for letter in annotation:
        depth += (letter == "[") - (letter == "]")
        if letter == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _numbers(value: Any) -> tuple[float, ...]:
    """A list, a tuple or an array as numbers; empty where it is something else."""
    if not isinstance(value, Iterable) or (isinstance(value, np.ndarray) and value.ndim != 1):
        return ()
    if not all(_is_number(item) for item in value):
        return ()
    return tuple(item.item() if isinstance(item, np.generic) else item for item in value)


def _shown(value: Any) -> str:
    """A value in a message: as it is where it is short, else what it is."""
    if isinstance(value, str | int | float | tuple | list | os.PathLike | None) and len(repr(value)) <= 80:
        return repr(value)
    kind, module = type(value), type(value).__module__.split(".")[0]
    return kind.__name__ if module == "builtins" else f"{module}.{kind.__name__}"
