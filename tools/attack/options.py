"""Hostile values of every keyword of every verb, through the package and, in a sample, the command line."""

from __future__ import annotations

import contextlib
import inspect
import math
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from .canary import Shape, plant, shape_of, unchanged
from .case import BrokenPromiseError, Case
from .damage import Random, draw, one_of
from .ground import Ground, make_ground
from .judge import Patience, attempt, picture_holds, sentence

CLI_SHARE = 0.04
"""Share of the cases that run as a command of their own, which takes seconds."""
CLI_LIMIT_S = 55.0
VERBS = {
    "colorize": 6, "colorize with memory": 4,
    "despeckle": 8, "despeckle_stack": 4, "info": 4, "open_scene": 2, "build_pairs": 3, "adapt": 1.5,
    "train": 2, "evaluate": 1, "evaluate_filters": 0.4, "demo": 0.4,
}  # fmt: skip
WRITTEN = ("output", "uncertainty", "memory", "quicklook", "folder", "out", "report")
"""Keywords of what is written: these never get a path outside of the case's own folder."""
SCENE = ("unit", "polarization", "nodata", "grid", "crs", "resolution", "calibration", "remove_noise")
SPLIT_FLAGS = ("bbox",)
NUMBERS = (
    0, -1, 1, 2, 63, 2**31 - 1, 2**31, 2**63, -(2**63), 10**30, math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324,
    0.5, -0.0, 1e-9,
)  # fmt: skip
TEXTS = (
    "", " ", "\n", "a\nb", "a\0b", "a" * 255, "a" * 256, "x" * 3000, "\u00fc\u96ea\U0001f600", "\udcff", "\ud800",
    "%s{0}", "--help", "-", "nan", "1e999", "auto", "none", "map", "EPSG:99999999", "EPSG:", "+proj=nonsense",
    "0,0,0,0",
    "tcp://127.0.0.1:9", "http://127.0.0.1:9/x.tif", "/vsicurl/http://127.0.0.1:9/x", "/vsimem/nothing", "/vsizip/x",
    "s3://nowhere/x", "C:\\x", "~", ".", "worldcover:", "VV", "composite", "by-place", "learned",
)  # fmt: skip


def run(case: Case, folder: Path) -> str:
    """One verb with one or two hostile values."""
    random = case.random()
    verb = draw(random, VERBS)
    out = folder / "out"
    out.mkdir()
    plant(out)
    ground = _ground()
    function, given = _usual(verb, ground, out)
    hostile = _special_files(folder, ground)
    names = [name for name in inspect.signature(function).parameters if name != "on_progress"]
    changed: dict[str, Any] = {}
    for _ in range(draw(random, {1: 4, 2: 1})):
        name = one_of(random, names)
        changed[name] = _hostile(name, random, out, hostile)
    before, inputs = shape_of(out), shape_of(ground.folder)
    try:
        if random.random() < CLI_SHARE and verb in COMMANDS:
            return _as_command(verb, given | changed, out, before)
        return _as_call(verb, function, given | changed, changed, out, before)
    except BrokenPromiseError as error:
        words = ", ".join(f"{name}={str(value)[:80]!r}" for name, value in changed.items())
        raise BrokenPromiseError(f"{verb}({words}): {error}") from (error.__cause__ or error)
    finally:
        try:
            unchanged(ground.folder, inputs)
        except BrokenPromiseError:
            _ground.cache_clear()
            raise


@cache
def _ground() -> Ground:
    return make_ground(Path(mkdtemp(prefix="ground-")))


def _usual(verb: str, ground: Ground, out: Path) -> tuple[Callable[..., Any], dict[str, Any]]:
    """A public function, and keywords with which it works."""
    import sar_colorize as sc
    from sar_colorize import api

    scene, optical, weights, pairs = (str(p) for p in (ground.scene, ground.optical, ground.weights, ground.pairs))
    made = str(out / "made.tif")
    usual: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
        "colorize": (sc.colorize, {"source": scene, "output": made, "model": "composite"}),
        "colorize with memory": (sc.colorize, {"source": scene, "output": made, "model": weights, "reference": optical,
                                               "memory": str(out / "made_memory.tif"), "palette": "none"}),
        "despeckle": (sc.despeckle, {"source": scene, "output": made}),
        "despeckle_stack": (sc.despeckle_stack, {"sources": [scene, str(ground.later)], "folder": str(out / "made")}),
        "info": (sc.info, {"source": scene}),
        "open_scene": (sc.open_scene, {"source": scene}),
        "build_pairs": (api.build_pairs, {"s1": scene, "s2": optical, "folder": str(out / "made"), "patch_px": 32}),
        "adapt": (api.adapt, {"s1": scene, "s2": optical, "out": str(out / "made.safetensors"), "model": weights,
                              "patch_px": 32, "steps": 2, "batch": 2, "least_gain": 1e-9}),
        "train": (api.train, {"data": pairs, "out": str(out / "made"), "width": 8, "epochs": 1, "batch": 2, "crops": 1,
                              "patch_px": 64}),
        "evaluate": (api.evaluate, {"models": "composite", "data": pairs, "report": str(out / "made")}),
        "evaluate_filters": (api.evaluate_filters, {"filters": ["boxcar"]}),
        "demo": (api.demo, {"folder": str(out / "made"), "model": "composite"}),
    }  # fmt: skip
    return usual[verb]


def _special_files(folder: Path, ground: Ground) -> list[str]:
    """Paths that are no ordinary input: a pipe, a device, a folder, an unreadable file, links, other formats."""
    place = folder / "odd"
    place.mkdir()
    os.mkfifo(place / "pipe.tif")
    with contextlib.suppress(OSError):  # only where this user may
        os.mknod(place / "zero.tif", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    (place / "folder.tif").mkdir()
    (place / "unreadable.tif").write_bytes(ground.scene.read_bytes())
    (place / "unreadable.tif").chmod(0)
    (place / "empty.tif").touch()
    (place / "loop.tif").symlink_to("loop.tif")
    (place / "link.tif").symlink_to(ground.scene)
    (place / "noise.safetensors").write_bytes(bytes(range(256)) * 9)
    (place / "deep.geojson").write_text("[" * 100_000)
    (place / "new\nline").mkdir()
    shutil.copy(ground.scene, place / "new\nline" / "scene.tif")
    odd = [str(path) for path in sorted(place.iterdir())] + [str(place / "new\nline" / "scene.tif")]
    return [*odd, str(place / ("n" * 251 + ".tif")), str(place / ("n" * 252 + ".tif")), str(place / "no" / "where.tif")]


def _hostile(name: str, random: Random, out: Path, odd: list[str]) -> Any:
    """A value that a keyword may not be able to take."""
    if name in WRITTEN:
        inside = ("made.tif", "made.tif.msk", "readme.txt", "somebody", "link", "dangling", "a\nb.tif",
                  "\u00fc\u96ea.tif",
                  "n" * 251 + ".tif", "n" * 236 + ".tif", "n" * 252 + ".tif", "no/where/made.tif", "", ".", "made.png",
                  "%s.tif", "\udcff.tif", "a\0b.tif", ".tif")  # fmt: skip
        if random.random() < 0.8:
            return str(out / one_of(random, inside)) if random.random() < 0.7 else one_of(random, odd)
        return one_of(random, (None, 3, math.nan, [], b"made.tif", object(), out / "made.tif"))
    kind = draw(random, {"number": 5, "text": 5, "path": 3, "type": 3})
    if kind == "number":
        return one_of(random, NUMBERS)
    if kind == "text":
        return one_of(random, TEXTS)
    if kind == "path":
        return one_of(random, odd)
    return one_of(random, _of_other_types())


def _of_other_types() -> tuple[Any, ...]:
    nan, inf = math.nan, math.inf
    return (
        None, True, False, [], {}, (), set(), b"bytes", object(), Path("x"), 3j, np.float32(nan), np.int64(-1),
        np.zeros(3), np.zeros((2, 2), object), np.array("x"), (0, 0, 0, 0), (nan,) * 4, (inf, inf, inf, inf),
        (-1e308, -1e308, 1e308, 1e308), (500_000, 4_999_000, 500_500, 5_000_000), (1, 2, 3), ["a"] * 1000, ["VV", None],
        {"LEVEL": "99"}, {"LEVEL": None}, {"NUM_THREADS": "-1"}, {1: 2}, {"a\nb": "c\0d"}, {"OVERVIEWS": "NONE"}, [nan],
        {"BLOCKSIZE": "1"}, {"BLOCKSIZE": "2147483648"}, {"QUALITY": "x"}, lambda: None, iter("ab"), range(3), type,
    )  # fmt: skip


def _as_call(
    verb: str, function: Callable[..., Any], given: dict[str, Any], changed: dict[str, Any], out: Path, before: Shape
) -> str:
    """Calls a verb and judges what is left."""
    import sar_colorize as sc

    if "on_progress" in inspect.signature(function).parameters and given.get("output", "") is not None:
        given = given | {"on_progress": Patience(3 if verb in ("train", "adapt") else None)}
    ended, result = attempt(lambda: function(**given))
    made = lambda name: name.split("/")[0].startswith("made")  # noqa: E731 one line says it
    written = bool(set(changed) & set(WRITTEN)) or changed.get("overwrite") is True
    replaced = [os.path.relpath(str(given.get(name)), out) for name in WRITTEN if given.get("overwrite") is True]
    kept = ended == "done" or (verb == "train" and ended == "cancelled")
    unchanged(out, before, lambda name: kept and (made(name) or name in replaced or (written and name not in before)))
    usual = verb in ("colorize", "despeckle") and set(changed) <= {
        *SCENE,
        "filter",
        "size",
        "looks",
        "model",
        "palette",
    }
    if ended == "done" and usual:
        options = {name: value for name, value in given.items() if name in SCENE}
        scene = sc.open_scene(given["source"], **options).select(*result.bands)
        picture_holds(scene, Path(given["output"]))
    return ended


COMMANDS = {
    "colorize": ["colorize"], "despeckle": ["despeckle"], "info": ["info"], "build_pairs": ["pairs", "build"],
    "adapt": ["adapt"], "despeckle_stack": ["despeckle-stack"],
}  # fmt: skip
ARGUMENTS = ("source", "sources", "s1", "s2", "output", "folder")


def command_line(verb: str, given: dict[str, Any]) -> list[str]:
    """The command of a call; a list is several words."""
    words = [sys.executable, "-m", "sar_colorize_cli.main", *COMMANDS[verb]]
    arguments: list[str] = []
    for name, value in given.items():
        values = value if isinstance(value, list | tuple) else [value]
        if name in ARGUMENTS:
            arguments += [str(one) for one in values]
        elif isinstance(value, bool):
            words += [f"--{name.replace('_', '-')}"] * value
        elif value is not None:
            words += [f"--{name.replace('_', '-')}", *(str(one) for one in values)]
    return [*words, "--", *arguments] if not any(word == "--" for word in words) else [*words, *arguments]


def _as_command(verb: str, given: dict[str, Any], out: Path, before: Shape) -> str:
    """The same as a command of its own."""
    line = [word.replace("\0", "0").encode("utf-8", "replace").decode() for word in command_line(verb, given)]
    process = subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        start_new_session=True,
    )  # fmt: skip
    try:
        _, stderr = process.communicate(timeout=CLI_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise BrokenPromiseError(f"hang of the command {' '.join(line[3:])[:300]!r}") from None
    ended = sentence(process.returncode, stderr)
    unchanged(out, before, lambda name: ended == "done" and name not in before)
    return f"{ended} as a command"
