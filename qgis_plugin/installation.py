"""An environment with sar-colorize in it: venv, pip, and a look at the result; whole, or nothing at all."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import QgsProcessingFeedback

from . import child, choices, doctor, interpreters
from .backend import NAME, Backend, BackendError, program_in
from .credentials import without_credentials
from .environment_folder import TEMPORARY, EnvironmentFolder
from .proxy import Proxy
from .text import tr

LIGHT_MB = (120, 460)
"""To download, and on disk (Linux, Python 3.11, 2026-11-26; torch as in docs/troubleshooting.md)."""
EXTRAS_MB = {"vector": (60, 230), "catalog": (1, 10), "torch": (2900, 6000)}
_GUARD = Path(__file__).with_name("guard.py")
_ISOLATED = ("-I", "-u", "-X", "utf8")
_PIP = (
    "pip", "install", "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--progress-bar", "off",
)  # fmt: skip
_LOADED = re.compile(r"\s*(?:Downloading|Using cached) \S+ \((\d+(?:\.\d+)?) (kB|MB|GB)\)")
_MB_IN = {"kB": 0.001, "MB": 1.0, "GB": 1000.0}
_PERCENT = {"environment": 0.0, "download": 5.0, "install": 75.0, "check": 92.0}


@dataclass(frozen=True)
class Order:
    """What the user wants.

    folder: absolute; source: see `requirement`; python: a program, empty to look for one; wheels: a folder of packages
    to install from without a network, empty for pip's index.
    """

    folder: Path
    source: str
    extras: tuple[str, ...] = ()
    python: str = ""
    wheels: str = ""
    proxy: Proxy = field(default_factory=Proxy)

    def megabytes(self) -> tuple[int, int]:
        """To download, and on disk."""
        sizes = [LIGHT_MB, *(EXTRAS_MB[extra] for extra in self.extras)]
        return sum(size[0] for size in sizes), sum(size[1] for size in sizes)


def requirement(source: str, extras: Sequence[str] = ()) -> str:
    """What pip is asked for.

    `source` is a clone's folder or the pyproject.toml in it, a wheel, a source archive, or the word sar-colorize: then
    pip looks for the version of this plugin by its name.

    Raises:
        BackendError: it is none of these.
    """
    wanted = f"{NAME}[{','.join(extras)}]" if extras else NAME
    if source.strip() == NAME:
        return f"{wanted}=={choices.series()}.*"
    path = Path(source).expanduser().resolve()
    if path.name == "pyproject.toml":
        path = path.parent
    is_archive = path.is_file() and path.name.lower().endswith((".whl", ".tar.gz", ".zip"))
    if source.strip() and (is_archive or (path / "pyproject.toml").is_file()):
        return f"{wanted} @ {path.as_uri()}"
    raise BackendError(
        tr(
            "the source must be a clone of the repository of sar-colorize, its wheel, its source archive, or the word "
            "{name}, got {source}"
        ).format(name=NAME, source=source or tr("nothing"))
    )


def make(order: Order, feedback: QgsProcessingFeedback) -> choices.Choices | None:
    """Makes the environment and looks at it; None if it was cancelled. What was in the folder before comes back then.

    Raises:
        BackendError: it cannot be made, or does not work; nothing is left of it.
    """
    wanted = requirement(order.source, order.extras)
    download, disk = order.megabytes()
    feedback.pushInfo(
        tr("About {download} MB will be downloaded, and {disk} MB used in {folder}").format(
            download=0 if order.wheels else download, disk=disk, folder=order.folder
        )
    )
    place = EnvironmentFolder(order.folder)
    whole = False
    try:
        place.check((download + disk) * 10**6)
        python = interpreters.choose(order.python)
        number = ".".join(map(str, python.version))
        feedback.pushInfo(tr("Python {number} at {program}").format(number=number, program=python.program))
        place.begin()
        try:
            made = _fill(order.folder, python.program, wanted, order, feedback)
            if made is not None:
                place.finish()
                whole = True
        finally:
            if not whole:
                place.undo()
    except OSError as error:
        raise BackendError(
            tr("{folder} must be a folder that can be written, got: {reason}; name another").format(
                folder=order.folder, reason=error
            )
        ) from error
    return made


def _fill(
    folder: Path, python: str, wanted: str, order: Order, feedback: QgsProcessingFeedback
) -> choices.Choices | None:
    """Venv, pip, and what the program in it says; None if it was cancelled."""
    temporary = str(folder / TEMPORARY)
    steps = _Steps(
        order.proxy, order.megabytes()[0], feedback,
        order.proxy.variables | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary),
    )  # fmt: skip
    steps.begin("environment", tr("Making the environment"))
    if not steps.run(python, ["venv", str(folder)]):
        return None
    steps.begin("download", tr("Downloading"))
    if order.proxy.shown:
        feedback.pushInfo(tr("By the proxy of QGIS, {0}").format(order.proxy.shown))
    offline = ["--no-index", "--find-links", order.wheels] if order.wheels else []
    if not steps.run(_python_in(folder), [*_PIP, *offline, wanted]):
        return None
    steps.begin("check", tr("Checking the environment"))
    program = program_in(folder)
    if not program:
        raise BackendError(
            tr("the source must be sar-colorize, got a package without that program: {0}").format(wanted)
        )
    return _look(Backend(program, (), tr("the new environment")), feedback)


def _look(backend: Backend, feedback: QgsProcessingFeedback) -> choices.Choices | None:
    """What a backend offers, once everything that it needs is there; None if it was cancelled.

    Raises:
        BackendError: it does not fit this plugin, or lacks something.
    """
    offered = choices.ask(backend, feedback)
    checks = [] if feedback.isCanceled() else doctor.examine(backend, feedback)
    if feedback.isCanceled():
        return None
    for check in checks:
        if check["needed"] and not check["ok"]:
            raise BackendError(
                tr("{name} must work in the new environment, got: {detail}").format(
                    name=check["name"], detail=check["detail"]
                )
            )
    return offered


def reason(lines: Sequence[str], code: int, proxy: Proxy) -> str:
    """What a failed venv or pip said, in one sentence."""
    text = "\n".join(lines)

    def said(*words: str) -> bool:
        return any(word.lower() in text.lower() for word in words)

    if said("proxyerror", "tunnel connection", "407 proxy"):
        return tr(
            "the proxy {proxy} must let pip through, and does not; correct it in Settings, Options, Network, or in the "
            "environment variable HTTPS_PROXY"
        ).format(proxy=proxy.shown or tr("of the environment"))
    if said("certificate_verify_failed", "certificate verify"):
        return tr(
            "the certificate of the package index must be one that Python knows, and is not; if a proxy reads along, "
            "set the environment variable PIP_CERT to the file of its certificate"
        )
    unreached = ("newconnectionerror", "name resolution", "getaddrinfo", "is unreachable", "timeouterror", "timed out")
    if said(*unreached):
        return tr(
            "the package index must be reachable, and is not; look at the internet connection, and at the proxy in "
            "Settings, Options, Network"
        )
    if said("no space left", "errno 28", "enough space"):
        return tr("there must be more space on the disk; free some, or name a folder elsewhere")
    if said("ensurepip is", "no module named venv", "named ensurepip"):
        return tr("Python must have the module venv, and has not; on Debian and Ubuntu: sudo apt install python3-venv")
    if said("permission denied", "errno 13", "winerror 5"):
        return tr("every file of the folder must be one that you may write; name another folder")
    missing = re.findall(r"No matching \w+ found for ([^\s;]+)", text)
    if missing:
        return tr(
            "{name} must be on the package index or in the folder of packages, for this Python, and is not; choose "
            "another source, or another Python"
        ).format(name=missing[-1])
    errors = [line for line in lines if line.lower().lstrip().startswith("error")] or [line for line in lines if line]
    return tr("the installation must end well, got exit code {code}: {said}").format(
        code=code, said=errors[-1].strip() if errors else tr("no message")
    )


class _Steps:
    """Runs each step with its lines in the log and its part of the progress bar."""

    def __init__(
        self, proxy: Proxy, expected_mb: int, feedback: QgsProcessingFeedback, variables: dict[str, str]
    ) -> None:
        self.proxy, self.feedback, self.variables = proxy, feedback, variables
        self.expected_mb, self.loaded_mb = expected_mb, 0.0
        self.lines: list[str] = []

    def begin(self, phase: str, text: str) -> None:
        """A phase, on the progress bar and in the log."""
        self.feedback.setProgress(_PERCENT[phase])
        self.feedback.setProgressText(text)

    def run(self, python: str, words: list[str]) -> bool:
        """Whether `python -m WORDS` went through; False if it was cancelled.

        Raises:
            BackendError: it failed.
        """
        self.lines = []
        self.feedback.pushCommandInfo(self.hide(child.quoted(Backend(python, (), ""), ["-m", *words])))
        backend = Backend(python, (*_ISOLATED, str(_GUARD)), tr("Python"))
        finished = child.run(backend, words, self.feedback, on_line=self.hear, variables=self.variables)
        if finished.cancelled or self.feedback.isCanceled():
            return False
        if finished.code != 0:
            raise BackendError(self.hide(reason(self.lines, finished.code, self.proxy)))
        return True

    def hear(self, line: str) -> None:
        """A line of venv or pip."""
        line = self.hide(line)
        if not line.strip():
            return
        self.lines.append(line)
        self.feedback.pushConsoleInfo(line)
        loaded = _LOADED.match(line)
        if loaded:
            self.loaded_mb += float(loaded[1]) * _MB_IN[loaded[2]]
            span = _PERCENT["install"] - _PERCENT["download"]
            self.feedback.setProgress(_PERCENT["download"] + span * min(1.0, self.loaded_mb / self.expected_mb))
        elif line.startswith("Installing collected"):
            self.begin("install", tr("Installing; pip says nothing until it is done"))

    def hide(self, text: str) -> str:
        return self.proxy.hide(without_credentials(text))


def _python_in(folder: Path) -> str:
    """The Python of an environment."""
    return str(folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python")
