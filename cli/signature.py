"""Options of a command from the Python call behind it: name, type, default, help and rubric stand there, once.

The signature gives name, type and default of each keyword, the docstring its help and, as the heading above it, its
rubric. `FACTS` holds what only a terminal needs to know.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click

from sar_colorize import api

from .command import Choice, Option
from .options import add, json_option, progress_option

_HEADING = re.compile(r"^([A-Z][A-Za-z0-9 -]*):$")
_ENTRY = re.compile(r"^    ([a-z][a-z0-9_, ]*): (.*)$")
_WITHOUT_KEYWORDS = ("Returns", "Raises", "Source", "Example", "Examples")
_LONG = 44
"""Names of choices that are longer together stand in the help's text."""


@dataclass(frozen=True)
class Keyword:
    """One keyword of a public function."""

    name: str
    """As in Python."""
    types: frozenset[str]
    """What its annotation allows, without None."""
    default: Any
    """`inspect.Parameter.empty` where it must be given."""
    rubric: str
    """The heading of the docstring that it stands under."""
    text: str
    """What the docstring says of it."""


@dataclass(frozen=True)
class Fact:
    """What only the command line knows of a keyword."""

    choices: Sequence[str] = ()
    """Names that it takes; "auto" is added where it is the default."""
    words: Sequence[str] = ()
    """Words that it takes beside numbers."""
    metavar: str | None = None
    """What stands for its value in the help."""
    flag: str = ""
    """Its option, where that is not the keyword with dashes."""
    text: str = ""
    """Its help, where that is not the docstring's."""
    old: tuple[str, ...] = ()
    """Names that it had before, understood for a release."""
    required: bool = False
    """Whether the command needs it, whatever the function says."""


FACTS = {
    "aoi": Fact(metavar="FILE"),
    "bbox": Fact(metavar="W S E N"),
    "bbox_crs": Fact(metavar="CRS"),
    "calibration": Fact(choices=tuple(api.QUANTITIES)),
    "classes": Fact(metavar="FILE"),
    "creation_options": Fact(flag="--co", text="An option of GDAL's COG driver; may be repeated."),
    "crs": Fact(metavar="CRS"),
    "date": Fact(metavar="YYYY-MM-DD"),
    "device": Fact(choices=api.DEVICES),
    "engine": Fact(choices=api.ENGINES),
    "exclude": Fact(metavar="SITE"),
    "filter": Fact(choices=api.FILTER_NAMES),
    "grid": Fact(choices=api.GRIDS),
    "looks": Fact(words=("auto",), metavar="auto|L"),
    "memory": Fact(metavar="FILE"),
    "model": Fact(metavar="NAME|FILE"),
    "offset_db": Fact(words=("auto", "fit"), metavar="auto|fit|DB"),
    "palette": Fact(metavar="auto|none|FILE|SOURCE"),
    "polarization": Fact(choices=api.POLARIZATIONS),
    "precision": Fact(choices=api.PRECISIONS),
    "profile": Fact(choices=tuple(api.PROFILES)),
    "quicklook": Fact(metavar="FILE"),
    "reference": Fact(metavar="FILE|SOURCE"),
    "reference_date": Fact(metavar="YYYY-MM-DD"),
    "reference_radar": Fact(metavar="FILE"),
    "reference_resolution": Fact(metavar="M"),
    "remove_noise": Fact(flag="--keep-noise", text="Leave the thermal noise in a SAFE product."),
    "scheduler": Fact(metavar="ADDRESS"),
    "structure": Fact(choices=api.STRUCTURES),
    "uncertainty": Fact(metavar="FILE"),
    "unit": Fact(choices=("auto", *map(str, api.Unit))),
}


def keywords(function: Callable[..., Any]) -> list[Keyword]:
    """Every parameter of a function in the order of its docstring.

    Raises:
        LookupError: the docstring says nothing of one.
    """
    parameters = inspect.signature(function).parameters
    found = []
    for rubric, name, text in _entries(inspect.getdoc(function) or ""):
        if name in parameters:
            types = frozenset(part.strip() for part in str(parameters[name].annotation).split("|")) - {"None"}
            found.append(Keyword(name, types, parameters[name].default, rubric, text))
    missing = set(parameters) - {keyword.name for keyword in found}
    if missing:
        raise LookupError(f"docstring of {function.__name__} must document {', '.join(sorted(missing))}")
    return found


def _entries(doc: str) -> Iterator[tuple[str, str, str]]:
    """(rubric, name, text) of each keyword; those that share an entry share its text."""
    rubric, names, text = "", "", ""
    for line in [*doc.splitlines(), ""]:
        heading, entry = _HEADING.match(line), _ENTRY.match(line)
        if line.startswith("     ") and names:
            text += " " + line.strip()
            continue
        for name in filter(None, names.split(", ")):
            yield rubric, name, text
        names = ""
        if heading:
            rubric = heading[1]
        elif entry and rubric not in _WITHOUT_KEYWORDS:
            names, text = entry[1], entry[2]


def options(
    function: Callable[..., Any],
    *,
    arguments: Mapping[str, str] | None = None,
    without: Sequence[str] = (),
    facts: Mapping[str, Fact] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that gives a command an argument or an option for each keyword of a function.

    Args:
        function: of the public Python side.
        arguments: its keywords that are arguments, in order, and how the help calls them; "..." behind the name
            takes several.
        without: keywords that the command has no option for.
        facts: of this command, beside those of all in `FACTS`.
    """
    named = arguments or {}
    known = {keyword.name: keyword for keyword in keywords(function)}
    params: list[click.Parameter] = [_argument(known[name], metavar) for name, metavar in named.items()]
    last: list[click.Parameter] = []
    for keyword in known.values():
        if keyword.name == "on_progress":
            last.append(progress_option())
        elif keyword.name not in named and keyword.name not in without:
            params.append(option(keyword, {**FACTS, **(facts or {})}.get(keyword.name, Fact())))

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        return add(command, *params, *last, json_option())

    return decorate


def _argument(keyword: Keyword, metavar: str) -> click.Argument:
    """A keyword that is an argument."""
    several = metavar.endswith("...")
    required = keyword.default is inspect.Parameter.empty or keyword.name in ("output", "folder")
    if not required or isinstance(keyword.default, str):
        return click.Argument([keyword.name], metavar=f"[{metavar}]", default=keyword.default)
    return click.Argument([keyword.name], metavar=metavar, nargs=-1 if several else 1, required=True)


def option(keyword: Keyword, fact: Fact) -> Option:
    """A keyword as an option."""
    flag = fact.flag or f"--{keyword.name.replace('_', '-')}"
    settings: dict[str, Any] = {
        "rubric": keyword.rubric,
        "old": fact.old,
        "help": _help(keyword, fact),
        "default": None if keyword.default is inspect.Parameter.empty else keyword.default,
        "required": fact.required or keyword.default is inspect.Parameter.empty,
    }
    settings |= _kind(keyword, fact)
    settings["show_default"] = settings["default"] not in (None, "", ()) and not settings.get("is_flag")
    return Option([flag, keyword.name], **settings)


def _kind(keyword: Keyword, fact: Fact) -> dict[str, Any]:
    """What click must know to read the value of an option."""
    types, metavar = keyword.types, fact.metavar
    if types == {"bool"}:  # an option says what is not so already
        if fact.flag or keyword.default is True:
            return {"flag_value": False, "type": bool, "is_flag": True}
        return {"is_flag": True}
    if fact.choices:
        names = [*(["auto"] if keyword.default == "auto" and "auto" not in fact.choices else []), *fact.choices]
        several = any(kind.startswith(("Iterable", "Sequence")) for kind in types)
        shown = metavar or ("NAME" if len("|".join(names)) > _LONG else "|".join(names))
        return {"type": Choice(names, case_sensitive=False), "multiple": several, "metavar": shown}
    if fact.words:
        return {"type": _number_or(fact.words), "metavar": metavar}
    if any(kind.startswith("Mapping") for kind in types):
        return {"multiple": True, "metavar": metavar or "K=V", "callback": _pairs, "default": ()}
    if any(kind.startswith(("Iterable", "Sequence")) for kind in types):
        return {"multiple": True, "metavar": metavar or "NAME", "default": ()}
    if "Box" in types:
        return {"type": float, "nargs": 4, "metavar": metavar}
    if types <= {"int", "float"}:
        unit = keyword.name.rpartition("_")[2].upper()
        number = metavar or (unit if unit in ("PX", "DB", "M") else "N" if types == {"int"} else "NUMBER")
        return {"type": int if types == {"int"} else float, "metavar": number}
    return {"type": str, "metavar": metavar or ("PATH" if types & {"PathLike", "Path"} else "NAME")}


def _number_or(words: Sequence[str]) -> Callable[[str], float | str]:
    """Reads a number as such, and a few words as they are."""

    def read(text: str) -> float | str:
        if text in words:
            return text
        try:
            return float(text)
        except ValueError:
            raise click.BadParameter(f"must be {', '.join(words)} or a number, got {text!r}") from None

    return read


def _pairs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    """K=V pairs as a dictionary; None without one."""
    for value in values:
        if not value.partition("=")[0] or "=" not in value:
            raise click.BadParameter(f"must be K=V, got {value!r}; for example LEVEL=9")
    return dict(value.split("=", 1) for value in values) or None


def _help(keyword: Keyword, fact: Fact) -> str:
    """The docstring's words for who types them: what Python calls None is what is left out here."""
    text, default = fact.text or keyword.text, ""
    usual = re.search(r"; None for ([^;,]+?)([;,]|\.(?= |$))", text)
    if usual:
        default = f"  [default: {usual[1]}]"
        text = text.replace(usual[0], ";" if usual[2] == "," else usual[2])
    text = text.replace("(where None)", "(where left out)")
    text = re.sub(r"\bNone (?=[a-z]+s\b)", "Left out, it ", text).replace("`", "")
    first = re.split(r"[ ,;:.]", text)[0]
    if first not in (*fact.choices, *fact.words, "auto") and not first.startswith('"'):
        text = text[:1].upper() + text[1:]
    text = text.replace('"', "")
    names = "|".join(fact.choices)
    if len(names) > _LONG:
        text = f"{text.rstrip('.')}; one of {names.replace('|', ', ')}."
    if fact.old:
        text += f" {' and '.join(fact.old)} is its old name."
    return text + default


def with_facts(name: str, **changes: Any) -> dict[str, Fact]:
    """The fact of one keyword, changed for one command."""
    return {name: replace(FACTS.get(name, Fact()), **changes)}
