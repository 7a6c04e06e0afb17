"""Signals at random moments of every verb that writes: outputs are whole or untouched, and nothing else changes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from .canary import plant, shape_of, unchanged
from .case import BrokenPromiseError, Case
from .damage import Random, draw
from .forks import NEVER_BEGAN, Command, Ended, gone
from .ground import Ground, make_ground
from .judge import sentence
from .verbs import VERBS, Content, Verb, content_of, older_of, states

FRESH_SHARE = 0.1
"""Share of the cases in a process of its own, so that imports are interrupted too."""
WEIGHTS = {
    "colorize": 8, "despeckle": 3, "despeckle-stack": 5, "train": 4, "adapt": 3, "pairs build": 4, "evaluate": 2,
}  # fmt: skip


def run(case: Case, folder: Path) -> str:
    """One verb, one or two signals; then the same verb again after SIGKILL."""
    random = case.random()
    verb = VERBS[draw(random, WEIGHTS)]
    ground, (whole, usual_s, older) = reference_ground(), reference(verb.name)
    out, temporary = folder / "out", folder / "tmp"
    temporary.mkdir()
    has_older = verb.overwrites and random.random() < 0.5
    prepare_folder(out, verb, older if has_older else None)
    words = [*verb.words(ground, out), *(["--overwrite"] if has_older else [])]
    before, inputs = shape_of(out), shape_of(ground.folder)
    signals = draw(random, {
        (signal.SIGKILL,): 4, (signal.SIGTERM,): 3, (signal.SIGINT,): 3, (signal.SIGINT, signal.SIGTERM): 1,
        (signal.SIGTERM, signal.SIGTERM): 1,
    })  # fmt: skip
    earlier = older_of(out, verb.outputs)
    name = f"{verb.name} by {'+'.join(sent.name for sent in signals)}{' over older files' if has_older else ''}"
    try:
        ended = _killed(words, folder, temporary, signals, usual_s, random)
        name += f" after {ended.seconds:.2f} s of {usual_s:.2f}"
        found = states(out, verb.outputs, earlier, whole)
        _judge(verb, ended, found, signal.SIGKILL in signals)
        if signal.SIGKILL not in signals:
            unchanged(out, before, lambda entry: _is_of(entry, verb))
            _empty(temporary)
        else:
            unchanged(out, before, lambda entry: _is_of(entry, verb) or _is_leftover(entry, before))
            _again(verb, ground, out, temporary, folder, whole)
            unchanged(out, before, lambda entry: _is_of(entry, verb))
            _empty(temporary)
        unchanged(ground.folder, inputs)
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"{name}: {error}") from (error.__cause__ or error)
    return f"{'+'.join(sent.name for sent in signals)}: {found[0]}"


def _killed(
    words: list[str], folder: Path, temporary: Path, signals: tuple[signal.Signals, ...], usual_s: float, random: Random
) -> Ended:
    """Starts a command, sends the signals, and waits for it and its children."""
    share = random.uniform(0.0, 1.05) if random.random() < 0.6 else random.uniform(0.7, 1.05)
    pause_s = random.uniform(0.0, 0.3)
    if random.random() < FRESH_SHARE:
        return _fresh(words, signals, random.uniform(0.0, 4.0), pause_s)
    command = Command(words, folder, temporary=temporary)
    end = time.monotonic() + share * usual_s
    while time.monotonic() < end and command.is_alive():
        time.sleep(0.002)
    children, is_early = command.children(), command.is_early()
    for number, sent in enumerate(signals):
        if number:
            time.sleep(pause_s)
        command.kill(sent)
    ended = command.wait()
    gone(children)
    if is_early and ended.code in (-signal.SIGINT, -signal.SIGTERM, NEVER_BEGAN):
        return Ended(130, "cancelled before anything of ours ran", ended.seconds)
    return ended


def _fresh(words: list[str], signals: tuple[signal.Signals, ...], after_s: float, pause_s: float) -> Ended:
    """The same with a process of its own."""
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", "import signal; signal.signal(2, signal.default_int_handler)\n"
         "from sar_colorize_cli.main import main; main()", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        time.sleep(after_s)
        for number, sent in enumerate(signals):
            if number:
                time.sleep(pause_s)
            process.send_signal(sent)
        _, stderr = process.communicate(timeout=50)
    if process.returncode in (-signal.SIGINT, -signal.SIGTERM) and after_s < 0.5:
        return Ended(130, "cancelled before anything of ours ran", time.monotonic() - started)
    if "importlib" in stderr and "KeyboardInterrupt" in stderr and after_s < 0.5:
        return Ended(130, "cancelled before anything of ours ran", time.monotonic() - started)
    time.sleep(0.3)  # a child of a killed command ends by itself
    return Ended(process.returncode, stderr, time.monotonic() - started)


def _judge(verb: Verb, ended: Ended, found: list[str], was_killed: bool) -> None:
    """Exit code, words and outputs agree.

    Raises:
        BrokenPromiseError: they do not.
    """
    if not verb.run_folder and any(state.startswith("broken") for state in found):
        raise BrokenPromiseError(f"outputs are {', '.join(found)}, exit {ended.code}")
    if was_killed and ended.code == -signal.SIGKILL:
        return
    how = sentence(ended.code, ended.stderr)
    if how == "done" and set(found) != {"new"}:
        raise BrokenPromiseError(f"exit 0, but outputs are {', '.join(found)}")
    if how in ("refused", "wrong usage") and not verb.may_refuse:
        raise BrokenPromiseError(f"exit {ended.code}: {ended.stderr.strip()[:300]}")
    if len(set(found)) > 1:
        raise BrokenPromiseError(f"outputs of one run are {', '.join(found)}, exit {ended.code}")
    if "nothing was written" in ended.stderr and not set(found) <= {"absent", "older"}:
        raise BrokenPromiseError(f"said that nothing was written, outputs are {', '.join(found)}")


def _again(verb: Verb, ground: Ground, out: Path, temporary: Path, folder: Path, whole: Content) -> None:
    """The next run after SIGKILL works, and cleans up."""
    words = verb.words(ground, out)
    if verb.run_folder:
        words.append("--resume")
    elif any((out / name).exists() for name in verb.outputs):
        if not verb.overwrites:
            return
        words.append("--overwrite")
    ended = Command(words, folder, temporary=temporary).wait()
    how = sentence(ended.code, ended.stderr)
    if how != "done" and not (verb.may_refuse and how == "refused"):
        raise BrokenPromiseError(f"the next run ended with exit {ended.code}: {ended.stderr.strip()[:300]}")
    found = states(out, verb.outputs, {}, whole)
    if how == "done" and set(found) != {"new"} and not verb.run_folder:
        raise BrokenPromiseError(f"the next run left outputs that are {', '.join(found)}")
    if verb.run_folder:
        strange = [path.name for path in (out / "made").iterdir() if path.name.startswith(".")]
        if strange:
            raise BrokenPromiseError(f"the next run left {', '.join(strange)}")


def _is_of(entry: str, verb: Verb) -> bool:
    return any(entry == name or entry.startswith(f"{name.split('/')[0]}/") or entry == name.split("/")[0]
               for name in verb.outputs)  # fmt: skip


def _is_leftover(entry: str, before: dict[str, str]) -> bool:
    """Something hidden and new, which the next run must remove."""
    return entry.startswith(".") and entry.split("/")[0] not in before


def _empty(temporary: Path) -> None:
    left = sorted(path.name for path in temporary.iterdir() if not path.name.startswith("torchinductor_"))  # torch's
    if left:
        raise BrokenPromiseError(f"left over in the temporary folder: {left[0]}")


def prepare_folder(out: Path, verb: Verb, older: Path | None) -> None:
    """The folder of outputs, with files of somebody else, and with outputs of an earlier run."""
    if older is None:
        out.mkdir()
    else:
        shutil.copytree(older, out)
    plant(out, tuple(name for name in verb.outputs if "/" not in name))
    (out / "folder of somebody").mkdir()


@cache
def reference_ground() -> Ground:
    """The inputs of all runs of this process."""
    return make_ground(Path(mkdtemp(prefix="ground-")))


@cache
def reference(name: str) -> tuple[Content, float, Path]:
    """A run that is left alone: what it writes, how long it takes, and a folder with it."""
    verb, folder = VERBS[name], Path(mkdtemp(prefix="reference-"))
    out, temporary = folder / "out", folder / "tmp"
    out.mkdir()
    temporary.mkdir()
    for number in range(2):  # the second time nothing is loaded first
        if number:
            shutil.rmtree(out)
            out.mkdir()
        ended = Command(verb.words(reference_ground(), out), folder, temporary=temporary).wait()
    if ended.code != 0:
        raise RuntimeError(f"{name} must work before it can be killed, got exit {ended.code}: {ended.stderr[-500:]}")
    whole = {output: content_of(out / output) for output in verb.outputs}
    for output in verb.outputs:  # an older output differs from a new one
        if (out / output).is_file() and output.endswith((".tif", ".png", ".html")):
            (out / output).write_bytes((out / output).read_bytes() + b"older")
        elif output.endswith(".safetensors"):
            (out / output).write_bytes(b"older")
        elif (out / output / "index.html").is_file():
            (out / output / "index.html").write_text("older")
    return whole, ended.seconds, out
