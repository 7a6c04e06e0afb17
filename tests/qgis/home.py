"""A home of its own for QGIS, loaded by pytest.ini before QGIS starts: its settings and all known places are in it."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOME = Path(tempfile.mkdtemp(prefix="sar-colorize-qgis-"))  # for its owner only, as XDG_RUNTIME_DIR must be
PLUGINS = HOME / "plugins"
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ.update(
    HOME=str(HOME), XDG_CONFIG_HOME=str(HOME / ".config"), XDG_DATA_HOME=str(HOME / ".local" / "share"),
    XDG_RUNTIME_DIR=str(HOME), QGIS_CUSTOM_CONFIG_PATH=str(HOME / "profile"), QGIS_PLUGINPATH=str(PLUGINS),
    QT_QPA_PLATFORM="offscreen", LC_ALL="C.UTF-8", OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1",
)  # fmt: skip
os.environ.pop("SAR_COLORIZE_PYTHON", None)
# The Python in QGIS looks for its library beside the first python3 of PATH: another one there makes QGIS crash.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(shutil.which("qgis_process.bin") or "/usr/bin/qgis").parent), os.defpath]
)
shutil.copytree(ROOT / "qgis_plugin", PLUGINS / "sar_colorize_qgis", ignore=shutil.ignore_patterns("__pycache__"))
sys.path.insert(0, str(PLUGINS))
