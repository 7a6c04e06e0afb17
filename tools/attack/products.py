"""Sentinel-1 products whose metadata, files, measurements or zip are damaged, through the package."""

from __future__ import annotations

import os
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from .case import Case
from .damage import Random, damaged, draw, flip, flip_bits, one_of
from .rasters import call_and_judge

NUMBERS = ("nan", "NaN", "inf", "-inf", "0", "-1", "1e400", "1e38", "-1e-300", "", "abc", "\u0663", "9" * 400, "1,5",
           "0x10", "2147483648", "1e9", "None", "--3")  # fmt: skip
"""What stands where a number should."""
PARTS = ("manifest.safe", "annotation/*.xml", "annotation/calibration/calibration-*.xml",
         "annotation/calibration/noise-*.xml")  # fmt: skip


def run(case: Case, folder: Path) -> str:
    """One product through one call."""
    random = case.random()
    place = folder / "in"
    place.mkdir()
    safe = Path(shutil.copytree(_whole(int(random.integers(0, 4))), place / _whole(0).name, symlinks=True))
    done = []
    for _ in range(draw(random, {0: 1, 1: 14, 2: 4})):
        how = draw(random, DAMAGE)
        how(safe, random)
        done.append(how.__name__.strip("_"))
    source = safe
    if random.random() < 0.35:
        source, packed = _zipped(safe, random)
        done.append(packed)
    elif random.random() < 0.1 and (safe / "manifest.safe").exists():
        source = safe / "manifest.safe"
    options: dict[str, Any] = {"grid": draw(random, {"map": 3, "radar": 2})}
    if random.random() < 0.3:
        options["calibration"] = one_of(random, ("sigma0", "beta0", "gamma0"))
    if random.random() < 0.2:
        options["remove_noise"] = False
    return call_and_judge(str(source), "+".join(done) or "whole product", folder, random, options)


@cache
def _whole(number: int) -> Path:
    """An undamaged product, made once: of two kinds, and with the older and the newer noise."""
    from made_product import Make, make_safe

    made = (Make(), Make(old_noise=True), Make(polarizations=("VV",)), Make(ipf="002.84", old_noise=True))[number]
    return make_safe(Path(mkdtemp(prefix="whole-")), made)


def _text(safe: Path, random: Random) -> tuple[Path, str]:
    """One of the product's XML files, and what is in it."""
    files = sorted(path for path in safe.glob(one_of(random, PARTS)) if path.is_file() and not path.is_symlink())
    path = one_of(random, files) if files else safe / "manifest.safe"
    try:
        return path, path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return path, ""


def _write(path: Path, text: str) -> None:
    if path.is_file() and not path.is_symlink():
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


def number(safe: Path, random: Random) -> None:
    """A number becomes something else."""
    path, text = _text(safe, random)
    found = list(re.finditer(r"(?<=[> ])-?\d+(?:\.\d+)?(?:e-?\d+)?(?=[< ])", text))
    for match in [one_of(random, found)] if found else []:
        _write(path, text[: match.start()] + one_of(random, NUMBERS) + text[match.end() :])


def every_number(safe: Path, random: Random) -> None:
    """All numbers of one element become something else."""
    path, text = _text(safe, random)
    found = sorted(set(re.findall(r"<(\w+)>[-\d. e]+</", text)))
    if found:
        name, instead = one_of(random, found), one_of(random, NUMBERS)

        def other(match: re.Match[str]) -> str:
            return match[1] + re.sub(r"[-\d.e]+", instead, match[2]) + match[3]

        _write(path, re.sub(rf"(<{name}>)([-\d. e]+)(</)", other, text))


def lost_element(safe: Path, random: Random) -> None:
    """An element is missing, or its content."""
    path, text = _text(safe, random)
    found = list(re.finditer(r"<(\w+)[^<>/]*>[^<>]*</\1>", text))
    if found:
        match = one_of(random, found)
        _write(path, text[: match.start()] + ("" if random.random() < 0.6 else f"<{match[1]}/>") + text[match.end() :])


def twice(safe: Path, random: Random) -> None:
    """An element stands there twice, or a thousand times."""
    path, text = _text(safe, random)
    found = list(re.finditer(r"<(\w+)[^<>/]*>[^<>]*</\1>", text))
    if found:
        match = one_of(random, found)
        _write(path, text[: match.end()] + match[0] * one_of(random, (1, 1000)) + text[match.end() :])


def damaged_text(safe: Path, random: Random) -> None:
    """Bytes of an XML file change, or its end is missing."""
    path, text = _text(safe, random)
    if path.is_file() and not path.is_symlink() and text:
        path.write_bytes(damaged(text.encode(), random)[0])


def encoding(safe: Path, random: Random) -> None:
    """An XML file is in another encoding than it says, or in an unknown one."""
    path, text = _text(safe, random)
    name = one_of(random, ("klingon", "utf-16", "latin-1", "ascii", "", "utf-7", "idna", "rot13", "utf-8\n"))
    if path.is_file() and not path.is_symlink():
        body = f'<?xml version="1.0" encoding="{name}"?>{text}\u00e9'
        path.write_bytes(body.encode(one_of(random, ("utf-8", "utf-16", "latin-1")), errors="replace"))


def entities(safe: Path, random: Random) -> None:
    """An XML file with entities: a bomb, a file of the machine, an address."""
    path, text = _text(safe, random)
    inner = one_of(random, (
        '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/hostname">',
        '<!ENTITY b SYSTEM "http://127.0.0.1:9/x">',
    ))  # fmt: skip
    _write(path, f"<!DOCTYPE x [{inner}]>" + text.replace("</", "&b;</", 1))


def deep(safe: Path, random: Random) -> None:
    """An XML file with very deep or very long elements."""
    path, text = _text(safe, random)
    depth = one_of(random, (1000, 100_000))
    _write(path, text.replace("</", "<a>" * depth + "</a>" * depth + "</", 1))


def lost_file(safe: Path, random: Random) -> None:
    """A file or a folder is missing."""
    found = sorted(safe.rglob("*"))
    if found:
        path = one_of(random, found)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def copied_file(safe: Path, random: Random) -> None:
    """A file is there twice, under a name like its own."""
    found = sorted(path for path in safe.rglob("*") if path.is_file())
    if found:
        path = one_of(random, found)
        name = one_of(random, (f"{path.stem} (1){path.suffix}", f"._{path.name}", path.name.upper(),
                               path.name.replace("-vv-", "-vh-").replace("-001", "-003")))  # fmt: skip
        if name != path.name:
            shutil.copy(path, path.with_name(name))


def odd_file(safe: Path, random: Random) -> None:
    """A file becomes a link, a folder, a pipe, or empty."""
    found = sorted(path for path in safe.rglob("*") if path.is_file())
    if not found:
        return
    path = one_of(random, found)
    kind = one_of(random, ("elsewhere", "itself", "nowhere", "folder", "pipe", "empty", "up"))
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "empty":
        path.touch()
    else:
        path.symlink_to({"elsewhere": "/etc/hostname", "itself": path.name, "nowhere": "nowhere", "up": "../.."}[kind])


def measurement(safe: Path, random: Random) -> None:
    """Bytes of a measurement change, or its end is missing."""
    found = sorted(path for path in safe.glob("measurement/*.tiff") if path.is_file() and not path.is_symlink())
    if found:
        path = one_of(random, found)
        path.write_bytes(damaged(path.read_bytes(), random)[0])


def disguise(safe: Path, random: Random) -> None:
    """A measurement is a VRT that leads elsewhere."""
    found = sorted(safe.glob("measurement/*.tiff"))
    if found:
        path, size = one_of(random, found), one_of(random, ("600", "2147483647"))
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        path.write_text(
            f'<VRTDataset rasterXSize="{size}" rasterYSize="400"><VRTRasterBand dataType="UInt16" band="1">'
            "<SimpleSource>"
            '<SourceFilename relativeToVRT="0">/vsicurl/http://127.0.0.1:9/x.tif</SourceFilename><SourceBand>1'
            "</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
        )


DAMAGE: dict[Callable[[Path, Random], None], float] = {
    number: 6, every_number: 5, lost_element: 3, twice: 1, damaged_text: 3, encoding: 2, entities: 1, deep: 0.5,
    lost_file: 2, copied_file: 2, odd_file: 2, measurement: 4, disguise: 1,
}  # fmt: skip
"""Each kind of damage, and how often it is taken."""


def _zipped(safe: Path, random: Random) -> tuple[Path, str]:
    """The product as a zip: plain, with strange members, or with bit rot."""
    path = safe.with_suffix(".zip")
    kind = draw(random, {"zip": 4, "zip of odd names": 1, "zip of many": 0.5, "zip with bit rot": 3, "zip of twins": 1,
                         "zip of another version": 0.5, "zip of other letters": 0.5})  # fmt: skip
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for file in sorted(safe.rglob("*")):
            if file.is_file():
                name = str(file.relative_to(safe.parent))
                archive.write(file, f"../{name}" if kind == "zip of odd names" else name)
                if kind == "zip of twins" and random.random() < 0.3:
                    archive.write(file, name)
        for number in range(3000 if kind == "zip of many" else 0):
            archive.writestr(f"{safe.name}/measurement/{number}.txt", b"")
    shutil.rmtree(safe)
    data = bytearray(path.read_bytes())
    if kind == "zip with bit rot":
        one_of(random, (flip, flip_bits))(data, random)
    elif kind == "zip of another version":
        for match in list(re.finditer(rb"PK\x01\x02", bytes(data)))[: one_of(random, (1, 99))]:
            data[match.start() + 6] = 99
    elif kind == "zip of other letters":
        for match in re.finditer(rb"iw-grd", bytes(data)):
            data[match.start()] = 0xE9
    path.write_bytes(bytes(data))
    return path, kind
