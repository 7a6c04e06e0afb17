"""Full disks, folders that vanish or cannot be written to, results that nobody takes, eight runs on one output."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .canary import shape_of, unchanged
from .case import BrokenPromiseError, Case
from .damage import Random, draw, one_of
from .forks import NOBODY, Command
from .judge import sentence
from .kills import _empty, _is_of, prepare_folder, reference, reference_ground
from .verbs import VERBS, Verb, older_of, states

WEIGHTS = {
    "colorize": 6, "despeckle": 3, "despeckle-stack": 3, "train": 2, "adapt": 1, "pairs build": 3, "evaluate": 2,
}  # fmt: skip


def run(case: Case, folder: Path) -> str:
    """One kind of trouble, and one verb."""
    random = case.random()
    (folder / "tmp").mkdir()
    trouble = draw(random, TROUBLES)
    verb = VERBS["colorize" if trouble is eight_at_once else draw(random, WEIGHTS)]
    inputs = shape_of(reference_ground().folder)
    try:
        what = trouble(verb, folder, random)
        unchanged(reference_ground().folder, inputs)
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"{trouble.__name__.replace('_', ' ')}, {verb.name}: {error}") from (
            error.__cause__ or error
        )
    return f"{trouble.__name__.replace('_', ' ')}: {what}"


def _run(
    verb: Verb, folder: Path, out: Path, random: Random, *, meanwhile: Callable[[], None] | None = None, **more: object
) -> str:
    """Runs a verb in trouble: a sentence, outputs whole or untouched, nothing else changed."""
    whole, _, older = reference(verb.name)
    has_older = verb.overwrites and random.random() < 0.5 and not out.exists()
    if not out.exists():
        prepare_folder(out, verb, older if has_older else None)
    words = [*verb.words(reference_ground(), out), *(["--overwrite"] if has_older else [])]
    before, earlier = shape_of(out), older_of(out, verb.outputs)
    command = Command(words, folder, temporary=folder / "tmp", **more)  # type: ignore[arg-type]
    if meanwhile is not None:
        meanwhile()
    ended = command.wait()
    how = sentence(ended.code, ended.stderr)
    if how in ("wrong usage", "cancelled"):
        raise BrokenPromiseError(f"exit {ended.code}: {ended.stderr.strip()[:300]}")
    if meanwhile is not None:
        there = states(out, verb.outputs, earlier, whole) if out.is_dir() else ["absent"]
        if how == "done" and set(there) == {"broken"} and not verb.run_folder:
            raise BrokenPromiseError(f"exit 0, but outputs are {', '.join(there)}")
        return how
    found = states(out, verb.outputs, earlier, whole)
    broken = any(state.startswith("broken") for state in found) and not verb.run_folder
    if broken or len(set(found)) > 1 or (how == "done" and set(found) != {"new"}):
        raise BrokenPromiseError(f"outputs are {', '.join(found)}, {how}: {ended.stderr.strip()[:300]}")
    unchanged(out, before, lambda entry: _is_of(entry, verb))
    _empty(folder / "tmp")
    return how


def no_larger_files(verb: Verb, folder: Path, random: Random) -> str:
    """The system refuses files over a size, anywhere."""
    limit = int(10 ** random.uniform(2, 6.3))
    return _run(verb, folder, folder / "out", random, limits={resource.RLIMIT_FSIZE: limit})


def few_open_files(verb: Verb, folder: Path, random: Random) -> str:
    """The system refuses more open files."""
    return _run(verb, folder, folder / "out", random, limits={resource.RLIMIT_NOFILE: int(random.integers(8, 40))})


def full_disk(verb: Verb, folder: Path, random: Random) -> str:
    """The disk of the outputs is full, after a while or at once."""
    with _small_disk(folder / "disk", int(10 ** random.uniform(4.7, 6.3))) as disk:
        if disk is None:
            return "no right to mount a disk"
        out = disk / "out"
        try:
            out.mkdir()
            (out / "readme.txt").write_text("mine\n")
        except OSError:
            return "too small for a test"
        return _run(verb, folder, out, random)


def results_nobody_takes(verb: Verb, folder: Path, _random: Random) -> str:
    """Standard output is a full disk."""
    out = folder / "out"
    prepare_folder(out, verb, None)
    before = shape_of(out)
    ended = Command(verb.words(reference_ground(), out), folder, temporary=folder / "tmp", stdout="/dev/full").wait()
    how = sentence(ended.code, ended.stderr)
    unchanged(out, before, lambda entry: _is_of(entry, verb))
    return how


def vanishing_folder(verb: Verb, folder: Path, random: Random) -> str:
    """The folder of the outputs is renamed or removed while a run writes into it."""
    out, how = folder / "out", one_of(random, ("renamed", "removed"))
    prepare_folder(out, verb, None)
    pause = float(random.uniform(0.0, 1.0)) * reference(verb.name)[1]

    def vanish() -> None:
        time.sleep(pause)
        if how == "renamed":
            out.rename(folder / "away")
        else:
            shutil.rmtree(out, ignore_errors=True)

    return _run(verb, folder, out, random, meanwhile=vanish)


def forbidden_folder(verb: Verb, folder: Path, _random: Random) -> str:
    """The folder of the outputs cannot be written to."""
    out = folder / "out"
    prepare_folder(out, verb, None)
    before = shape_of(out)
    user = NOBODY if os.geteuid() == 0 else None
    place: Path = folder
    if user is not None:
        (folder / "tmp").chmod(0o777)
        while place != place.parent:
            if not place.stat().st_mode & 0o001:
                place.chmod(place.stat().st_mode | 0o011)
            place = place.parent
        for path in (reference_ground().folder, *reference_ground().folder.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    out.chmod(0o555)
    try:
        words = verb.words(reference_ground(), out)
        ended = Command(words, folder, temporary=folder / "tmp", user=user).wait()
        how = sentence(ended.code, ended.stderr)
        if how != "refused":
            raise BrokenPromiseError(f"{how}, though the folder cannot be written to")
    finally:
        out.chmod(0o755)
    unchanged(out, before)
    _empty(folder / "tmp")
    return how


def eight_at_once(verb: Verb, folder: Path, random: Random) -> str:
    """Eight runs write the same outputs, some of them over the others."""
    out = folder / "out"
    prepare_folder(out, verb, None)
    before, whole = shape_of(out), reference(verb.name)[0]
    all_overwrite = random.random() < 0.5
    commands = []
    for _ in range(8):
        more = ["--overwrite"] if all_overwrite or random.random() < 0.5 else []
        words = [*verb.words(reference_ground(), out), *more]
        commands.append(Command(words, folder, temporary=folder / "tmp"))
        time.sleep(float(random.uniform(0, 0.05)))
    failures, done = [], 0
    for command in commands:
        try:
            ended = command.wait()
            how = sentence(ended.code, ended.stderr)
            done += how == "done"
            if how == "refused" and all_overwrite and "must not exist" in ended.stderr:
                raise BrokenPromiseError(f"refused to overwrite: {ended.stderr.strip()[:200]}")
        except BrokenPromiseError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    found = states(out, verb.outputs, {}, whole)
    if not done or set(found) != {"new"}:
        raise BrokenPromiseError(f"{done} of 8 runs are done, outputs are {', '.join(found)}")
    unchanged(out, before, lambda entry: _is_of(entry, verb))
    return "done"


TROUBLES: dict[Callable[[Verb, Path, Random], str], float] = {
    no_larger_files: 6, few_open_files: 1.5, full_disk: 4, results_nobody_takes: 1, vanishing_folder: 3,
    forbidden_folder: 1.5, eight_at_once: 1.5,
}  # fmt: skip
"""Each kind of trouble, and how often it is taken."""


@contextlib.contextmanager
def _small_disk(place: Path, size: int) -> Iterator[Path | None]:
    """A file system of some bytes in memory; None where this user may not mount one."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode != 0:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)
