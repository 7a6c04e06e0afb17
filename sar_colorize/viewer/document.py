"""The page itself: template, style and script with the layers in them, and a policy that allows no request.

Whatever comes from files or users is text: escaped in HTML, and without markup in JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from .facts import Facts
from .layers import Layer
from .place import Place

_SLOT = re.compile(r"\{\{(\w+)\}\}")


def document(
    title: str,
    size: tuple[int, int],
    layers: Sequence[Layer],
    place: Place,
    facts: Facts,
    rows: Sequence[tuple[str, str]],
    version: str,
) -> str:
    """The whole page.

    Args:
        title: of the page. size: width and height of its pictures in pixels. layers: the coloured picture first.
        rows: of the table, those of the layers among them. version: of this program.
    """
    style, script = _read("page.css"), _read("page.js")
    about = {
        "width": size[0],
        "height": size[1],
        "place": place.for_browser(),
        "layers": [{"kind": layer.kind, "title": layer.title, **layer.about} for layer in layers],
    }
    subtitle = place.middle or "no georeference"
    return _filled(
        _read("page.html"),
        {
            "policy": _policy(style, script),
            "title": escape(title),
            "subtitle": escape(subtitle),
            "notice": escape(facts.notice),
            "style": style,
            "script": script,
            "about": _json(about),
            "images": "\n".join(_image(number, layer) for number, layer in enumerate(layers)),
            "facts": _table(rows),
            "legend": _legend(facts.legend),
            "version": escape(version),
        },
    )


def _policy(style: str, script: str) -> str:
    """The one style and the one script of the page, and pictures that lie in it; nothing else, from nowhere."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _read(name: str) -> str:
    """A file of the template."""
    return (files(__package__) / "template" / name).read_text(encoding="utf-8")


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its slots filled, each once: what is put in is not looked through again."""
    return _SLOT.sub(lambda found: values[found[1]], template)


def _json(value: Any) -> str:
    """JSON that can stand in a script element: without the characters that markup is made of."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _image(number: int, layer: Layer) -> str:
    """A picture as an element that holds its bytes."""
    data = base64.b64encode(layer.webp).decode()
    return f'<img id="layer-{number}" alt="{escape(layer.title)}" src="data:image/webp;base64,{data}">'


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>' for name, text in rows)


def _legend(kinds: Sequence[tuple[str, str, str]]) -> str:
    """The section of the kinds of ground; nothing without one. Colours are attributes of a drawing, not of a style."""
    if not kinds:
        return ""
    items = "".join(
        '<li><svg width="18" height="18" aria-hidden="true">'
        f'<rect width="18" height="18" rx="4" fill="{escape(colour)}"/></svg>'
        f'<span>{escape(name)}</span><span class="soft">{escape(share)}</span></li>'
        for name, share, colour in kinds
    )
    return (
        f'<section><h2>Kinds of ground</h2><ul class="kinds">{items}</ul><p class="soft">The mean colour that each '
        "kind is given here. What a pixel is taken for follows its radar and its place.</p></section>"
    )
