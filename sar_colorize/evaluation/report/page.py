"""The report as one HTML file: no network, no script; pictures and drawings inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from ..color.compare import Comparison
from ..color.metrics import COLUMNS, METRICS
from ..color.settings import EvaluateSettings
from ..color.table import Rows, best
from ..report import charts
from .pictures import Case, best_and_worst, label, shown_by_site, strip
from .style import STYLE

_CHARTED = ("ab_error", "ciede2000")
_WITH_INTERVAL = ("ab_error", "ciede2000", "chroma_ratio")


def page(comparison: Comparison, settings: EvaluateSettings, figures: dict[str, Any]) -> str:
    """The whole page; `figures` is what metrics.json holds."""
    parts = [
        _head(comparison, settings, figures),
        _overall(comparison),
        _charts(comparison),
        _pictures(comparison, settings),
        _extremes(comparison, settings),
        _groups("Site by site", "site", comparison.tables.sites, comparison),
        _groups("Terrain by terrain", "terrain", comparison.tables.terrains, comparison),
        _made(figures),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f'<link rel="icon" href="data:,"><title>{escape(_title(comparison))}</title><style>{STYLE}</style></head>\n'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _title(comparison: Comparison) -> str:
    names = [method.name for method in comparison.methods if method.kind == "model"]
    return f"Colour from radar: {'; '.join(names)}"


def _head(comparison: Comparison, settings: EvaluateSettings, figures: dict[str, Any]) -> str:
    given = "the radar's own L" if settings.input == "sar" else "the real picture's L"
    facts = [
        (len(comparison.pairs), "pairs"),
        (len(figures["pairs"]), "sites"),
        (f"{comparison.pixels.sum() / 1e6:.1f} M", "valid pixels"),
        (escape(settings.split), "split"),
        (escape(settings.input), f"input: {given}"),
    ]
    links = [("overall", "Overall"), ("spread", "Spread"), ("pictures", "Pictures"), ("cases", "Best and worst")]
    links += [("sites", "Sites")] + [("terrains", "Terrains")] * bool(comparison.tables.terrains) + [("made", "Made")]
    return (
        f"<header><h1>{escape(_title(comparison))}</h1>"
        f'<p class="soft">{escape(figures["made"]["date"])} · sar-colorize '
        f"{escape(figures['made']['versions']['sar-colorize'])} · {escape(figures['made']['machine'])}</p>"
        f'<p class="lead">{escape(verdict(comparison))}</p>'
        f'<div class="facts">{"".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)}</div>'
        f"<nav>{''.join(f'<a href=#{place}>{name}</a>' for place, name in links)}</nav></header>"
    )


def verdict(comparison: Comparison) -> str:
    """In words, from the figures: which model has the least colour error, and whether it beats the best baseline."""
    rows = comparison.tables.overall
    kinds = {kind: [m.name for m in comparison.methods if m.kind == kind] for kind in ("model", "baseline")}
    error = METRICS[0]
    model, base = (best(rows, error, 0.0, kinds[kind]) for kind in ("model", "baseline"))
    if model is None or base is None:
        return "No model has a defined colour error here."
    ours, theirs = rows[model]["ab_error"], rows[base]["ab_error"]
    ratio = rows[model]["chroma_ratio"].mean
    gain = 100.0 * (1.0 - ours.mean / theirs.mean) if theirs.mean > 0 else 0.0
    compared = (
        f"{gain:.0f} % less than" if gain >= 0.5 else f"{-gain:.0f} % more than" if gain <= -0.5 else "no more than"
    )
    wash = ""
    if ratio < 0.5:
        wash = " Its colours are nearly grey."
    elif ratio > 1.5:
        wash = " Its colours are stronger than the real ones."
    return (
        f"Least colour error among the models: {model}, {ours.mean:.2f} Lab units (95 % interval {ours.low:.2f} to "
        f"{ours.high:.2f}), {compared} the best baseline, {base} ({theirs.mean:.2f}).{wash}"
    )


def _overall(comparison: Comparison) -> str:
    return (
        '<section id="overall"><h2>Overall</h2><p class="soft">Each site counts alike. The small figures are the '
        "interval that holds 95 % of the bootstrap draws; point at a cell for its own. \u25b8 marks the best of models "
        "and baselines. The oracle knows the real lightness, which no method can: it shows how much a metric depends "
        f"on colour at all.</p>{_table(comparison.tables.overall, comparison)}"
        f"<details><summary>What the metrics mean</summary><dl>{_meanings()}</dl></details></section>"
    )


def _meanings() -> str:
    return "".join(f"<dt>{escape(item.label)}</dt><dd>{escape(item.meaning)}</dd>" for item in COLUMNS)


def _table(rows: Rows, comparison: Comparison, *, site: str = "", terrain: str = "") -> str:
    """A table of methods by metrics, of a site, a terrain, or overall."""
    real = comparison.real_colourfulness(site=site, terrain=terrain)
    ranked = [method.name for method in comparison.methods if method.kind != "oracle"]
    winners = {metric.key: best(rows, metric, real, ranked) for metric in COLUMNS}
    aim = {"low": "low", "high": "high", "one": "near 1", "real": f"near {real:.1f}"}
    head = "".join(f"<th>{escape(item.label)}<small>{aim[item.best]}</small></th>" for item in COLUMNS)
    body, before = [], "model"
    for method in comparison.methods:
        cells = []
        for metric in COLUMNS:
            cell = rows[method.name][metric.key]
            mark = ' class="best"' if winners[metric.key] == method.name else ""
            text = f"{cell.mean:.{metric.digits}f}" if np.isfinite(cell.mean) else "-"
            interval = f"{cell.low:.{metric.digits}f} to {cell.high:.{metric.digits}f}" if np.isfinite(cell.low) else ""
            if metric.key in _WITH_INTERVAL:
                text += f"<small>{interval}</small>"
            cells.append(f'<td{mark} title="95 %: {interval}">{text}</td>')
        parted = " parted" if method.kind != before else ""
        body.append(f'<tr class="{method.kind}{parted}"><th>{escape(method.name)}</th>{"".join(cells)}</tr>')
        before = method.kind
    return (
        f'<div class="wide"><table><thead><tr><th>method</th>{head}</tr></thead><tbody>{"".join(body)}</tbody>'
        "</table></div>"
    )


def _charts(comparison: Comparison) -> str:
    chosen = charts.colours(comparison)
    drawn = "".join(
        f"<figure>{charts.by_site(comparison.tables.sites, metric, chosen)}</figure>"
        for metric in METRICS
        if metric.key in _CHARTED
    )
    return (
        f'<section id="spread"><h2>Spread</h2><p class="soft">Errors by site with 95 % intervals, and how errors of '
        f"(a, b) are spread over pixels.</p>{charts.key(chosen)}{drawn}"
        f"<figure>{charts.histogram(comparison, chosen)}</figure>{_reliability(comparison, chosen)}</section>"
    )


def _reliability(comparison: Comparison, chosen: dict[str, str]) -> str:
    """Expected against real error, for methods that know their expected error."""
    if not comparison.reliability:
        return ""
    drawn = charts.reliability(comparison.reliability, chosen)
    ranks = "; ".join(f"{name} {one.spearman():.2f}" for name, one in comparison.reliability.items())
    return (
        '<h3>Expected and real error</h3><p class="soft">Pixels in bins of the error of (a, b) that the model expects, '
        "with the mean real error of each bin. On the line the expected error is right; above it the model is "
        f"overconfident. Rank correlation of expected and real error over pairs: {escape(ranks)}.</p>"
        f"<figure>{drawn}</figure>"
    )


def _pictures(comparison: Comparison, settings: EvaluateSettings) -> str:
    cases = shown_by_site(comparison)
    return (
        '<section id="pictures"><h2>Pictures</h2><p class="soft">From each site, pairs at a third and two thirds of '
        f"the ranking of {escape(comparison.names[0])}, so neither its best nor its worst.</p>"
        f"{_cases(comparison, cases, settings.input)}</section>"
    )


def _extremes(comparison: Comparison, settings: EvaluateSettings) -> str:
    parts = []
    for i, method in enumerate(comparison.methods):
        if method.kind == "model":
            for word, cases in zip(("best", "worst"), best_and_worst(comparison, i), strict=True):
                if cases:
                    parts.append(f"<h3>{escape(method.name)}, {word} cases</h3>")
                    parts.append(_cases(comparison, cases, settings.input))
    return (
        '<section id="cases"><h2>Best and worst</h2><p class="soft">By CIEDE2000 of the model named.</p>'
        f"{''.join(parts)}</section>"
    )


def _cases(comparison: Comparison, cases: Sequence[Case], input: str) -> str:
    out = []
    count = 3
    for case in cases:
        shown = strip(comparison, case, input)
        count = len(shown)
        pictures = "".join(
            f'<figure{" class=real" if title == "real" else ""}><img src="{uri}" width="176" height="176" '
            f'alt="{escape(title)} of {escape(label(comparison.pairs[case.number]))}">'
            f"<figcaption>{escape(title)}<br>{escape(caption)}</figcaption></figure>"
            for title, uri, caption in shown
        )
        name = escape(label(comparison.pairs[case.number]))
        out.append(f'<div class="case"><h4>{name}</h4><div class="row">{pictures}</div></div>')
    return f'<div class="cases" style="--n:{count}">{"".join(out)}</div>'


def _groups(title: str, kind: str, groups: dict[str, Rows], comparison: Comparison) -> str:
    """A table for each site or terrain; "" where there is none."""
    if not groups:
        return ""
    parts = []
    for name, rows in groups.items():
        of = [pair for pair in comparison.pairs if getattr(pair, kind) == name]
        table = _table(rows, comparison, **{kind: name})
        parts.append(f"<details open><summary>{escape(name)}, {len(of)} pairs</summary>{table}</details>")
    return f'<section id="{kind}s"><h2>{title}</h2>{"".join(parts)}</section>'


def _made(figures: dict[str, Any]) -> str:
    """Settings, models with their checksums, versions, notes, what was left out."""
    models = "".join(
        f"<dt>{escape(model['name'])}</dt><dd>{escape(model['architecture'])}, trained on "
        f"{escape(model['trained_on'])}, filter {escape(model['filter'])}, SHA-256 "
        f"<code>{escape(model['sha256'])}</code></dd>"
        for model in figures["models"]
    )
    return (
        '<section id="made"><h2>How this was made</h2><p class="soft">Colours are predictions. Baselines were learned '
        "on the split train. Contains modified Copernicus Sentinel data where the pairs do.</p>"
        f"<details open><summary>Models</summary><dl>{models}</dl></details>"
        f"{settings_and_notes(figures)}</section>"
    )


def settings_and_notes(figures: Mapping[str, Any]) -> str:
    """Settings, versions, notes and what was left out, each to be folded."""
    settings = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
        for name, value in {**figures["settings"], **figures["made"]["versions"]}.items()
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in figures["notes"])
    left = "".join(f"<li>{escape(reason)}</li>" for reason in figures["skipped"])
    return (
        f"<details><summary>Settings and versions</summary><dl>{settings}</dl></details>"
        + (f"<details open><summary>Notes</summary><ul>{notes}</ul></details>" if notes else "")
        + (f"<details><summary>Left out: {len(figures['skipped'])}</summary><ul>{left}</ul></details>" if left else "")
    )
