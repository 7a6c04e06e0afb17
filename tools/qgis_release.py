"""Runs the tests of the plugin in another release of QGIS, from a newer suite of this Debian's own mirror.

    python tools/qgis_release.py [--suite trixie] [--folder .qgis-release] [PYTEST-ARGUMENT ...]

Needs root, debootstrap, and 3 GB. The suite is installed into FOLDER once. The tests run there in a change of root,
with this repository and this Python's environment mounted at their own places until they end.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("qgis", "python3-qgis", "python3-venv", "xvfb", "xauth")
TESTS = "/opt/tests"
_READY = "opt/ready"
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def main() -> None:
    """Installs the suite where it is not there, and runs the tests."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="trixie")
    parser.add_argument("--folder", type=Path, default=ROOT / ".qgis-release")
    options, pytest_arguments = parser.parse_known_args()
    folder = options.folder.resolve()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise SystemExit("another QGIS must be installed by root, with debootstrap; got neither or one; install it")
    if not (folder / _READY).exists():
        _install(folder, options.suite)
    raise SystemExit(_run(folder, pytest_arguments))


def _install(folder: Path, suite: str) -> None:
    """The suite with QGIS, and pytest beside it, which is Python alone and so takes any version of that."""
    mirror = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        check=True, capture_output=True, text=True,
    ).stdout.split()[0]  # fmt: skip
    subprocess.run(["debootstrap", "--variant=minbase", suite, str(folder), mirror], check=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc") / name, folder / "etc" / name)
    quiet = {**_environment(), "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        subprocess.run(["chroot", str(folder), "apt-get", *words], check=True, env=quiet)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--target", f"{folder}{TESTS}", "pytest>=8",
         "pytest-qgis>=2"],
        check=True,
    )  # fmt: skip
    (folder / _READY).touch()


def _run(folder: Path, pytest_arguments: list[str]) -> int:
    """The exit code of the tests."""
    places = {"/proc", "/dev", str(ROOT), sys.prefix, sys.base_prefix, *(path for path in sys.path if path)}
    tops = sorted(place for place in map(os.path.realpath, places) if Path(place).is_dir())
    tops = [place for place in tops if not any(place.startswith(f"{other}/") for other in tops)]
    mounts = [f'mkdir -p "{folder}{place}" && mount --rbind "{place}" "{folder}{place}"' for place in tops]
    environment = _environment() | {
        "SAR_COLORIZE_TEST_PYTHON": sys.executable, "PYTHONPATH": TESTS, "PATH": "/usr/bin:/bin", "HOME": "/root",
    }  # fmt: skip
    inside = ["env", "-C", str(ROOT / "tests" / "qgis"), "python3", "-m", "pytest", *pytest_arguments]
    command = [str(shutil.which("chroot")), str(folder), *inside]
    script = " && ".join([*mounts, 'exec "$@"'])
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", *command], env=environment, check=False)
    return done.returncode


def _environment() -> dict[str, str]:
    """What the other system may know of this one's."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"LC_ALL": "C.UTF-8"}


if __name__ == "__main__":
    main()
