"""`python -m tools.attack`: tries to break the package, and says what held.

Every case follows from its kind, the seed and its number, so that each can be repeated with --only KIND:NUMBER. What
failed is kept in the output folder, with the traceback and the command that repeats it. Exit code 1 if anything failed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from .case import FORKED, KINDS, SELF_CHECK, Case, Verdict
from .pool import LIMIT_S, Worker

COUNTS = {
    "rasters": 2000, "products": 1000, "options": 5000, "kills": 500, "disks": 100, "clusters": 20, "servers": 100,
}  # fmt: skip
"""Cases of a whole attack."""


@dataclass
class Tally:
    """What came out of the cases of one kind."""

    tried: int = 0
    held: int = 0
    seconds: float = 0.0
    peak_mb: float = 0.0
    peak_of: str = ""
    ends: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Attack:
    """All cases, run by some workers until they are through or the time is over."""

    def __init__(self, seed: int, counts: dict[str, int], out: Path, limit_s: float) -> None:
        self.seed, self.counts, self.out, self.limit_s = seed, counts, out, limit_s
        self.tallies = {kind: Tally() for kind in counts if counts[kind]}
        self._lock = threading.Lock()

    def cases(self) -> list[Case]:
        """Every case, the kinds mixed so that a run which ends early has tried a like share of each."""
        places = [((n + 0.5) / count, kind, n) for kind, count in self.counts.items() for n in range(count)]
        return [Case(kind, self.seed, number) for _, kind, number in sorted(places)]

    def run(self, cases: list[Case], jobs: int, seconds: float) -> None:
        """Runs cases until `seconds` are over."""
        deadline, queue = time.monotonic() + seconds, iter(cases)
        with tempfile.TemporaryDirectory(prefix="attack-") as scratch:
            threads = [threading.Thread(target=self._work, args=(queue, Path(scratch), deadline)) for _ in range(jobs)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _work(self, queue: Iterator[Case], scratch: Path, deadline: float) -> None:
        """One pair of workers: forks need a process that has called nothing itself."""
        calls, forks = Worker(scratch, self.limit_s), Worker(scratch, self.limit_s)
        try:
            while time.monotonic() < deadline:
                with self._lock:
                    case = next(queue, None)
                if case is None:
                    return
                folder = scratch / case.name
                folder.mkdir()
                started = time.monotonic()
                verdict = (forks if case.kind in FORKED else calls).run(case, folder)
                with self._lock:
                    self._count(case, verdict, time.monotonic() - started, folder)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            calls.close()
            forks.close()

    def _count(self, case: Case, verdict: Verdict, seconds: float, folder: Path) -> None:
        tally = self.tallies[case.kind]
        tally.tried += 1
        tally.held += verdict.held
        tally.seconds += seconds
        if verdict.peak_mb > tally.peak_mb:
            tally.peak_mb, tally.peak_of = verdict.peak_mb, f"{case.kind}:{case.number}"
        word = verdict.what if verdict.held else "failed"
        tally.ends[word] = tally.ends.get(word, 0) + 1
        if verdict.held:
            return
        tally.failures.append(f"{case.kind}:{case.number} {verdict.what}")
        print(f"FAILED {case.kind}:{case.number} {verdict.what}\n  {case.command}", flush=True)
        kept = self.out / case.name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True, ignore=_no_special_files, ignore_dangling_symlinks=True)
        (kept / "failure.txt").write_text(f"{verdict.what}\n{case.command}\n\n{verdict.detail}\n", errors="replace")

    def report(self, seconds: float) -> dict[str, object]:
        """Tried, held and failed by kind; also printed, and written as attack.json."""
        print(f"\n{'kind':<10}{'tried':>7}{'held':>7}{'failed':>8}{'s':>8}{'peak MB':>9}  how they ended")
        for kind, tally in self.tallies.items():
            most = sorted(tally.ends.items(), key=lambda end: -end[1])[:6]
            ends = ", ".join(f"{count} {word}" for word, count in most)
            numbers = f"{tally.tried:>7}{tally.held:>7}{tally.tried - tally.held:>8}{tally.seconds:>8.0f}"
            print(f"{kind:<10}{numbers}{tally.peak_mb:>9.0f}  {ends}")
        report = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "seed": self.seed,
            "seconds": round(seconds),
            "asked": self.counts,
            "kinds": {kind: vars(tally) for kind, tally in self.tallies.items()},
        }
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "attack.json").write_text(json.dumps(report, indent=1) + "\n")
        return report


def _no_special_files(folder: str, names: list[str]) -> list[str]:
    """Pipes and devices cannot be kept."""
    return [name for name in names if not (Path(folder) / name).is_symlink() and not (
        (Path(folder) / name).is_file() or (Path(folder) / name).is_dir())]  # fmt: skip


def main() -> int:
    """Runs the attack; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tools.attack", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=int(datetime.now(UTC).strftime("%Y%m%d")), help="Usually the date.")
    parser.add_argument("--seconds", type=float, default=1800.0, help="No case begins later.")
    parser.add_argument("--jobs", type=int, default=2, help="Cases at a time.")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="Seconds after which a case is a hang.")
    parser.add_argument("--out", type=Path, default=Path("attack"), help="Where failures and figures are kept.")
    parser.add_argument("--scale", type=float, default=1.0, help="Share of the usual counts.")
    parser.add_argument("--only", help="One case, KIND:NUMBER, as a failure names it; or one KIND.")
    for kind, count in COUNTS.items():
        parser.add_argument(f"--{kind}", type=int, help=f"Cases of this kind; usually {count}.")
    given = parser.parse_args()
    kind, _, number = (given.only or "").partition(":")
    known = (*KINDS, SELF_CHECK)
    if given.only and kind not in known:
        parser.error(f"--only must name one of {', '.join(known)}, got {kind}")
    counts = {}
    for name, count in COUNTS.items():
        asked = getattr(given, name)
        counts[name] = asked if asked is not None else max(1, round(count * given.scale))
    if given.only:
        counts = {kind: counts.get(kind, 6)}
    attack = Attack(given.seed, counts, given.out.absolute(), given.limit)
    cases = [Case(kind, given.seed, int(number))] if number else attack.cases()
    print(f"attack with seed {given.seed}: {', '.join(f'{n} {name}' for name, n in counts.items())}", flush=True)
    started = time.monotonic()
    attack.run(cases, given.jobs, given.seconds)
    attack.report(time.monotonic() - started)
    failures = list(itertools.chain.from_iterable(tally.failures for tally in attack.tallies.values()))
    if failures:
        print(f"\n{len(failures)} failed with seed {given.seed}; what is needed to repeat them is in {attack.out}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
