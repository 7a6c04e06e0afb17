"""The folder of a report: index.html, metrics.json, patches.csv, patches.gpkg; written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import OutputError
from ...hidden_folder import HiddenFolder, remove_orphans
from ...pairs.catalogue import write_geopackage
from ...writable import check_name_of, publish_folder
from ..color.compare import Comparison
from ..color.metrics import COLUMNS, HISTOGRAM_TOP, METRICS
from ..color.settings import EvaluateSettings
from ..color.table import Rows
from .footprints import footprints
from .page import page

_log = logging.getLogger("sar_colorize")
FORMAT = 2
"""Of metrics.json. 2: `filter` was `despeckle`, and `metrics` was `measures`."""
FILES = ("index.html", "metrics.json", "patches.csv", "patches.gpkg", "examples.csv", "gallery")
"""What a report may hold; the last two where pictures with memory are measured."""
_PACKAGES = ("sar-colorize", "torch", "numpy", "scikit-image")


def check_report(folder: Path, *, overwrite: bool) -> None:
    """Refuses a place where a report cannot go, before anything is computed.

    Raises:
        OutputError: a file, an earlier report without `overwrite`, other files, or a folder that cannot be made.
    """
    check_name_of("report", folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"report must be a folder, got the file {folder}; name another")
    inside = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    strange = [name for name in inside if name not in FILES]
    if strange:
        raise OutputError(
            f"report must be a new folder or an earlier report, got {strange[0]} in {folder}; name another"
        )
    if inside and not overwrite:
        raise OutputError(f"report must not exist yet, got {folder}; allow overwriting or name another folder")
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"report must be in a folder that can be made, got {folder} ({error}); name another"
        ) from error
    if not os.access(folder.absolute().parent, os.W_OK | os.X_OK):
        raise OutputError(f"report must be in a folder that can be written to, got {folder}; name another")


def write_report(
    folder: Path,
    comparison: Comparison,
    settings: EvaluateSettings,
    *,
    data: Path,
    skipped: Sequence[str],
    notes: Sequence[str],
    overwrite: bool,
) -> dict[str, Any]:
    """Writes the report beside its place and renames it: its figures, and the paths under "files"."""
    figures = _figures(comparison, settings, data, [*skipped, *comparison.skipped], notes)
    frame = footprints(comparison, data)

    def fill(made: Path) -> Sequence[str]:
        write_figures(made, figures)
        (made / "patches.csv").write_text(_patches(comparison), encoding="utf-8")
        if frame is not None:
            write_geopackage(frame, made / "patches.gpkg", "patches")
        (made / "index.html").write_text(page(comparison, settings, figures), encoding="utf-8")
        return [name for name in FILES[:4] if name != "patches.gpkg" or frame is not None]

    return figures | {"files": publish(folder, fill, overwrite=overwrite)}


def write_figures(made: Path, figures: dict[str, Any]) -> None:
    """Writes metrics.json into a report."""
    (made / "metrics.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")


def publish(folder: Path, fill: Callable[[Path], Sequence[str]], *, overwrite: bool) -> dict[str, str]:
    """Has a report made beside its place and renames it: the paths written, by name.

    Args:
        fill: writes the files of a report into the folder that it is given, and names them.

    Raises:
        OutputError: it cannot be written there.
    """
    place = folder.absolute()
    remove_orphans(place)
    hidden = HiddenFolder(place)
    try:
        made = hidden.path / "whole"
        made.mkdir()
        names = fill(made)
        check_report(folder, overwrite=overwrite)
        if place.exists():
            place.rename(hidden.earlier)
        publish_folder(made, place, names)
    except OSError as error:
        raise OutputError(f"report must be where it can be written, got {folder} ({error}); name another") from error
    finally:
        hidden.remove()
    _log.info("written: %s", place)
    return {name: str(folder / name) for name in FILES if (folder / name).exists()}


def made_by() -> dict[str, Any]:
    """When and on what a report was made."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def _figures(
    comparison: Comparison, settings: EvaluateSettings, data: Path, skipped: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """What metrics.json holds."""
    tables = comparison.tables
    sites = [pair.site for pair in comparison.pairs]
    return {
        "format": FORMAT,
        "made": made_by(),
        "settings": asdict(settings) | {"exclude": list(settings.exclude), "data": data.name},
        "models": [
            {
                "name": method.name,
                "sha256": method.checksum,
                "architecture": method.card.architecture,
                "trained_on": method.card.input,
                "filter": method.filter,
            }
            for method in comparison.methods
            if method.card is not None
        ],
        "methods": {method.name: method.kind for method in comparison.methods},
        "metrics": [asdict(metric) for metric in COLUMNS],
        "pairs": {site: sites.count(site) for site in sorted(set(sites))},
        "pixels": int(comparison.pixels.sum()),
        "skipped": list(skipped),
        "notes": list(notes),
        "overall": _plain(tables.overall),
        "sites": {site: _plain(rows) for site, rows in tables.sites.items()},
        "terrains": {terrain: _plain(rows) for terrain, rows in tables.terrains.items()},
        "real_colourfulness": {
            site or "overall": round(comparison.real_colourfulness(site=site), 3) for site in ["", *sorted(set(sites))]
        },
        "reliability": {name: one.to_dict() for name, one in comparison.reliability.items()},
        "ab_error_histogram": {
            "bins": f"0..{HISTOGRAM_TOP} in steps of 1 Lab unit, the last for all above",
            "shares": {
                name: [round(float(share), 6) for share in counts / max(1, counts.sum())]
                for name, counts in zip(comparison.names, comparison.histograms, strict=True)
            },
        },
    }


def _plain(rows: Rows) -> dict[str, Any]:
    return {
        method: {metric: cell.to_dict() for metric, cell in cells.items()} for method, cells in rows.items()
    }  # fmt: skip


def _patches(comparison: Comparison) -> str:
    """A line for each pair and method."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "site", "terrain", "key", "method", "pixels", *(metric.key for metric in METRICS)])
    for pair, values, pixels in zip(comparison.pairs, comparison.values, comparison.pixels, strict=True):
        for method, row in zip(comparison.names, values, strict=True):
            numbers = [f"{value:.6g}" if np.isfinite(value) else "" for value in row]
            writer.writerow([pair.split, pair.site, pair.terrain, pair.key, method, int(pixels), *numbers])
    return text.getvalue()
