"""Makes the pictures of docs/qgis.md in a real QGIS on a virtual screen: run it after the plugin has changed.

    python tools/make_qgis_pictures.py [--scene SCENE.tif [--reference PICTURE.tif]] [--model NAME] [--out DIR]
        [--state FILE]

Needs QGIS (its qgis.bin), xvfb-run, and this Python's sar-colorize. Without --scene it takes scene and earlier picture
of `sar-colorize demo`. FILE receives what QGIS reported about itself, for tests. The pictures show no path of the
machine that made them. QGIS runs qgis_desktop.py, which lies beside this file.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from qgis_desktop import JOB, LIMIT_S, MEMORY_PICTURE, PICTURES, SIZE

ROOT = Path(__file__).resolve().parents[1]
_MOST_BYTES = 190_000


def main(arguments: list[str]) -> None:
    """Starts QGIS with the plugin in a profile of its own, and shrinks the pictures that it made."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    out = Path(options.get("--out", ROOT / "docs" / "img")).resolve()
    program = shutil.which("qgis.bin")
    if program is None:
        raise SystemExit("qgis.bin must be on PATH, got none; install QGIS 3.22 or newer")
    out.mkdir(parents=True, exist_ok=True)
    for name in (*PICTURES, MEMORY_PICTURE):
        (out / name).unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _make_profile(home / "profiles" / "default")
        given = [options["--scene"], options.get("--reference")] if "--scene" in options else _demo(home)
        scene, reference = (str(shutil.copy(path, home)) if path else "" for path in given)
        job = {
            "scene": scene, "reference": reference, "model": options.get("--model", "auto"), "out": str(out),
            "state": str(Path(options.get("--state", home / "state.json")).resolve()),
            "hidden": {str(home): "/home/you", sys.prefix: "/home/you/sar-colorize"},
        }  # fmt: skip
        environment = os.environ | {
            JOB: json.dumps(job), "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_RUNTIME_DIR": str(home),
            "TMPDIR": str(home), "QT_QPA_PLATFORM": "xcb", "LC_ALL": "C.UTF-8", "SAR_COLORIZE_PYTHON": sys.executable,
            "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
            # QGIS looks for its Python library beside the first python3 on PATH, and crashes beside another one.
            "PATH": os.pathsep.join([str(Path(program).parent), os.environ["PATH"]]),
        }  # fmt: skip
        _run(
            ["xvfb-run", "-a", "-s", f"-screen 0 {SIZE[0] + 20}x{SIZE[1] + 20}x24", program, "--noversioncheck",
             "--nologo", "--profiles-path", str(home), "--code", str(ROOT / "tools" / "qgis_desktop.py")],
            environment,
        )  # fmt: skip
    for name in (*PICTURES, *([MEMORY_PICTURE] if reference else [])):
        _shrink(out / name)
        print(out / name)


def _make_profile(profile: Path) -> None:
    """A QGIS profile with the plugin installed and switched on."""
    shutil.copytree(
        ROOT / "qgis_plugin",
        profile / "python" / "plugins" / "sar_colorize_qgis",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (profile / "QGIS").mkdir()
    (profile / "QGIS" / "QGIS3.ini").write_text(
        "[PythonPlugins]\nprocessing=true\nsar_colorize_qgis=true\n[qgis]\ncheckVersion=false\nshowTips=false\n"
    )


def _run(command: list[str], environment: dict[str, str]) -> None:
    """Runs QGIS to its end. The script inside ends itself after LIMIT_S; this is for a QGIS that hangs."""
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        process.wait(LIMIT_S + 60)
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    if process.returncode != 0:
        raise SystemExit(f"QGIS must end with exit code 0, got {process.returncode}; its messages stand above")


def _demo(folder: Path) -> list[str]:
    """The simulated scene of `sar-colorize demo`, and the earlier picture of its western half."""
    done = subprocess.run(
        [sys.executable, "-m", "sar_colorize_cli.main", "demo", str(folder / "demo"), "--model", "composite", "--json"],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    made = json.loads(done.stdout)
    return [made["scene"], made["earlier"]]


def _shrink(path: Path) -> None:
    """Reduces a PNG's colours until it is small enough for the repository."""
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    colours = 256
    while True:
        picture.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < _MOST_BYTES or colours <= 32:
            return
        colours //= 2


if __name__ == "__main__":
    main(sys.argv[1:])
