"""The report on pictures with memory as one HTML file: no network, no script, pictures inside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

from ..color.metrics import METRICS
from ..memory.figures import GROUNDS, PICTURE_METRICS, TRUTH
from ..memory.paint import AB_CHANGE, L_CHANGE
from ..memory.run import COPY, MEANINGS, MEMORY
from .page import settings_and_notes
from .style import STYLE

HEADS = {"ab_error": "ab error", "l_error": "L error", "ssim": "SSIM of L"}
"""How metrics are called, and their order."""
DIGITS = {"ab_error": 2, "l_error": 2, "ssim": 3}


def memory_page(figures: Mapping[str, Any], galleries: Mapping[str, bytes]) -> str:
    """The whole page.

    Args:
        figures: what metrics.json holds.
        galleries: a PNG by place.
    """
    overall = "".join(
        f"<h3>{escape(group.capitalize())}</h3>{_table(rows)}{_pictures(figures['pictures'][group])}"
        for group, rows in figures["overall"].items()
    )
    places = "".join(
        f"<details><summary>{escape(place)}, {figures['pairs'][place]} examples, "
        f"{figures['kept_share'][place]:.0%} kept</summary>"
        + "".join(f"<p>{escape(group.capitalize())}</p>{_table(rows)}" for group, rows in groups.items())
        + "</details>"
        for place, groups in figures["sites"].items()
    )
    pictures = "".join(
        f"<h3>{escape(place)}</h3><figure><img style='max-width:100%' alt='{escape(place)}' "
        f'src="data:image/png;base64,{base64.b64encode(png).decode()}"></figure>'
        for place, png in galleries.items()
    )
    meanings = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in MEANINGS.items())
    title = f"Pictures with memory: {figures['models'][0]['name']}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>\n'
        f'<body><main><header><h1>{escape(title)}</h1><p class="soft">{escape(figures["made"]["date"])} · '
        f"{escape(figures['made']['machine'])}</p><p class='lead'>{escape(verdict(figures))}</p></header>"
        f"<section><h2>Overall</h2><p class='soft'>Each place counts alike. Ground has changed where the real pictures "
        f"of the two dates differ by more than {AB_CHANGE:g} Lab units in (a, b) or {L_CHANGE:g} in L.</p>{overall}"
        f"<details><summary>What is compared</summary><dl>{meanings}</dl></details></section>"
        f"{_floods(figures['floods'])}<section><h2>Pictures</h2><p class='soft'>Evenly spread over the examples of "
        "each place. Of the share of memory, white is kept from the reference, red has changed, black is from the "
        f"radar alone.</p>{pictures}</section><section><h2>Place by place</h2>{places}</section>"
        f"<section><h2>How this was made</h2>{settings_and_notes(figures)}</section>"
        "</main></body></html>\n"
    )


def verdict(figures: Mapping[str, Any]) -> str:
    """In words: how the errors with memory compare with those of the reference itself."""
    parts = []
    for group, rows in figures["overall"].items():
        ours, theirs = rows[MEMORY]["all"], rows[COPY]["all"]
        compared = ", ".join(
            f"{HEADS[key]} {ours[key]:.{DIGITS[key]}f} ({ours[key] / theirs[key]:.2f} of the copy's)"
            for key in HEADS
            if ours[key] is not None and theirs[key]
        )
        parts.append(f"{group.capitalize()}: {compared}.")
    return " ".join(parts)


def _table(rows: Mapping[str, Any]) -> str:
    head = "".join(
        f"<th>{escape(label)}<small>{'all ground' if ground == 'all' else ground}</small></th>"
        for ground in GROUNDS
        for label in HEADS.values()
    )
    body = "".join(
        f"<tr><th>{escape(name)}</th>"
        + "".join(f"<td>{number(by[ground][key], DIGITS[key])}</td>" for ground in GROUNDS for key in HEADS)
        + "</tr>"
        for name, by in rows.items()
    )
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _pictures(rows: Mapping[str, Any]) -> str:
    """A table of what is of whole pictures: spread, correlation, legibility, feature distance."""
    shown = [metric for metric in METRICS if metric.key in PICTURE_METRICS]
    head = "".join(f'<th title="{escape(metric.meaning)}">{escape(metric.label)}</th>' for metric in shown)
    body = "".join(
        f"<tr><th>{escape(name)}</th>"
        + "".join(f"<td>{number(row[metric.key], metric.digits)}</td>" for metric in shown)
        + "</tr>"
        for name, row in rows.items()
    )
    return f'<div class="wide"><table><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _floods(floods: Mapping[str, Any]) -> str:
    """A table of floods; "" without any."""
    if not floods:
        return ""
    body = "".join(
        f"<tr><th>{escape(place)}</th><td>{escape(name)}</td><td>{number(row['water'], 3)}</td>"
        f"<td>{number(row['false_water'], 3)}</td></tr>"
        for place, rows in floods.items()
        for name, row in rows.items()
    )
    return (
        "<section><h2>Floods</h2><p class='soft'>Shares of pixels shown as water: in the area that people saw flooded, "
        f"and, false, outside it where the {TRUTH} shows none. A colour shows water by the rule learned on pictures "
        'after floods.</p><div class="wide"><table><thead><tr><th>place</th><th></th><th>in the flood</th><th>false'
        f"</th></tr></thead><tbody>{body}</tbody></table></div></section>"
    )


def number(value: float | None, digits: int) -> str:
    """A figure; a dash where it is undefined."""
    return "-" if value is None else f"{value:.{digits}f}"
