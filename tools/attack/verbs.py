"""Every verb that writes, on small ground: its command, its outputs, and how one knows that an output is whole."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .canary import shape_of
from .ground import Ground

Content = dict[str, Any]
"""What is in the outputs of a run that was left alone, by name."""


@dataclass(frozen=True)
class Verb:
    """A command that writes."""

    name: str
    """For reports."""
    words: Callable[[Ground, Path], list[str]]
    """The command, from the inputs and the folder of outputs."""
    outputs: tuple[str, ...]
    """Names of what it writes there; files of one run appear together."""
    overwrites: bool = True
    """Whether it has --overwrite."""
    run_folder: bool = False
    """Whether its output is a folder that holds a run under way."""
    may_refuse: bool = False
    """Whether it may end with exit code 1 although nothing is wrong: adapting that gains nothing."""


def _colorize(ground: Ground, out: Path) -> list[str]:
    return ["colorize", str(ground.scene), str(out / "a.tif"), "--uncertainty", str(out / "b.tif"), "--quicklook",
            str(out / "c.png"), "--model", str(ground.weights), "--palette", str(ground.optical),
            "--block-px", "64"]  # fmt: skip


def _despeckle(ground: Ground, out: Path) -> list[str]:
    return ["despeckle", str(ground.scene), str(out / "a.tif"), "--filter", "boxcar", "--block-px", "64"]


def _stack(ground: Ground, out: Path) -> list[str]:
    return ["despeckle-stack", str(ground.scene), str(ground.later), str(out / "made"), "--block-px", "64"]


def _train(ground: Ground, out: Path) -> list[str]:
    return ["train", "--data", str(ground.pairs), "--out", str(out / "made"), "--width", "8", "--epochs", "3",
            "--batch", "2", "--crops", "1", "--patch-px", "64", "--device", "cpu"]  # fmt: skip


def _adapt(ground: Ground, out: Path) -> list[str]:
    return ["adapt", str(ground.scene), str(ground.optical), "--out", str(out / "a.safetensors"), "--model",
            str(ground.weights), "--patch-px", "32", "--steps", "4", "--batch", "2", "--least-gain", "1e-9",
            "--device", "cpu"]  # fmt: skip


def _pairs(ground: Ground, out: Path) -> list[str]:
    return ["pairs", "build", str(ground.scene), str(ground.optical), str(out / "made"), "--patch-px", "32",
            "--block-patches", "1"]  # fmt: skip


def _evaluate(ground: Ground, out: Path) -> list[str]:
    return ["evaluate", "--model", "composite", "--data", str(ground.pairs), "--report", str(out / "made")]


def _page(ground: Ground, out: Path) -> list[str]:
    return ["page", str(ground.optical), str(ground.scene), str(out / "a.html")]


VERBS = {
    "colorize": Verb("colorize", _colorize, ("a.tif", "b.tif", "c.png")),
    "despeckle": Verb("despeckle", _despeckle, ("a.tif",)),
    "despeckle-stack": Verb("despeckle-stack", _stack, ("made/scene.tif", "made/later.tif")),
    "train": Verb("train", _train, ("made",), overwrites=False, run_folder=True),
    "adapt": Verb("adapt", _adapt, ("a.safetensors",), may_refuse=True),
    "pairs build": Verb("pairs build", _pairs, ("made",), overwrites=False),
    "page": Verb("page", _page, ("a.html",)),
    "evaluate": Verb("evaluate", _evaluate, ("made",)),
}
"""By name."""


def content_of(path: Path) -> Any:
    """What makes an output the same as that of another run: pixels, weights, the files of a folder.

    Raises:
        Exception: it is not whole.
    """
    import rasterio

    if path.is_dir():
        names = {name for name in shape_of(path) if not name.endswith((".gpkg-wal", ".gpkg-shm"))}
        if (path / "settings.json").exists():  # of a training run
            return tensors_of(path / "weights.safetensors")
        if (path / "metrics.json").exists():
            json.loads((path / "metrics.json").read_text())
        for name in ("patches.csv", "manifest.csv"):
            if (path / name).exists():
                names.add(f"{name}: {len((path / name).read_text().splitlines())} lines")
        return names
    if path.suffix in (".png", ".html"):
        return path.read_bytes()
    if path.suffix == ".safetensors":
        return tensors_of(path)
    with rasterio.open(path) as file:
        return file.shape, file.read().tobytes(), np.asarray(file.dataset_mask()).tobytes()


def tensors_of(path: Path) -> list[str]:
    """Names of the tensors of a weights file that is whole.

    Raises:
        ValueError: it is short.
    """
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    if len(data) != 8 + size + end:
        raise ValueError(f"weights of {len(data)} bytes should have {8 + size + end}")
    return sorted(header)


def states(out: Path, outputs: Sequence[str], older: Content, whole: Content) -> list[str]:
    """Of each output: absent, older, new, or broken."""
    found = []
    for name in outputs:
        path = out / name
        if not path.exists():
            found.append("absent")
            continue
        if name in older and _raw(path) == older[name]:
            found.append("older")
            continue
        try:
            found.append("new" if content_of(path) == whole[name] else "broken")
        except Exception as error:  # noqa: BLE001 whatever an output that is not whole gives
            found.append(f"broken ({error})")
    return found


def older_of(out: Path, outputs: Sequence[str]) -> Content:
    """What the outputs are before a run."""
    return {name: _raw(out / name) for name in outputs if (out / name).exists()}


def _raw(path: Path) -> Any:
    return shape_of(path) if path.is_dir() else path.read_bytes()
