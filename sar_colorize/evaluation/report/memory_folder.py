"""The folder of a report on pictures with memory: index.html, metrics.json, examples.csv, gallery/PLACE.png."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ..color.settings import EvaluateSettings
from ..memory.figures import GROUNDS, METRICS, Tables
from ..memory.paint import AB_CHANGE, L_CHANGE
from ..memory.run import MEANINGS, MemoryComparison
from .folder import FORMAT, made_by, publish, write_figures
from .gallery import gallery_png
from .memory_page import memory_page


def write_memory_report(
    folder: Path, comparison: MemoryComparison, settings: EvaluateSettings, *, data: Path, overwrite: bool
) -> dict[str, Any]:
    """Writes the report beside its place and renames it: its figures, and the paths under "files".

    Raises:
        OutputError: it cannot be written there.
    """
    figures = _figures(comparison, settings, data)
    galleries = {place: gallery_png(shown) for place, shown in sorted(comparison.shown.items())}

    def fill(made: Path) -> Sequence[str]:
        write_figures(made, figures)
        (made / "examples.csv").write_text(_examples(comparison.tables), encoding="utf-8")
        (made / "index.html").write_text(memory_page(figures, galleries), encoding="utf-8")
        (made / "gallery").mkdir()
        for place, png in galleries.items():
            (made / "gallery" / f"{place}.png").write_bytes(png)
        return ["metrics.json", "examples.csv", "index.html", *(f"gallery/{place}.png" for place in galleries)]

    return figures | {"files": publish(folder, fill, overwrite=overwrite)}


def _figures(comparison: MemoryComparison, settings: EvaluateSettings, data: Path) -> dict[str, Any]:
    """What metrics.json holds."""
    tables = comparison.tables
    counts = {place: len(tables.of("all dates", place)) for place in tables.places}
    return {
        "format": FORMAT,
        "made": made_by(),
        "settings": asdict(settings)
        | {"exclude": list(settings.exclude), "data": data.name, "reference": Path(settings.reference or "").name},
        "models": [{"name": comparison.model, "sha256": comparison.checksum}],
        "methods": {name: MEANINGS[name] for name in tables.contestants},
        "changed_where": {"ab_above": AB_CHANGE, "l_above": L_CHANGE},
        "pairs": counts,
        "skipped": list(comparison.skipped),
        "notes": list(comparison.notes),
        "overall": {group: tables.overall(group) for group in tables.groups},
        "pictures": {group: tables.whole(group) for group in tables.groups},
        "sites": {
            place: {group: tables.site(group, place) for group in tables.groups if tables.of(group, place)}
            for place in tables.places
        },
        "kept_share": {place: tables.kept(place) for place in tables.places},
        "changed_share": {
            place: {group: tables.changed_share(group, place) for group in tables.groups} for place in tables.places
        },
        "floods": tables.floods(),
    }


def _examples(tables: Tables) -> str:
    """A line for each example, contestant and ground."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "site", "key", "neighbours", "kept_share", "method", "ground", "pixels", *METRICS])
    for each in tables.measured:
        pair = each.example.pair
        for name, values in zip(tables.contestants, each.values, strict=True):
            for ground, pixels, row in zip(GROUNDS, each.pixels, values, strict=True):
                numbers = _numbers(row)
                start = [
                    pair.split,
                    pair.site,
                    pair.key,
                    int(each.example.are_neighbours),
                    f"{each.kept:.4f}",
                    name,
                    ground,
                ]
                writer.writerow([*start, int(pixels), *numbers])
    return text.getvalue()


def _numbers(row: Sequence[float]) -> list[str]:
    return [f"{value:.6g}" if np.isfinite(value) else "" for value in row]
