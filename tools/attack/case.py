"""One attempt to break the package: drawn from kind, seed and number alone, so that it can be repeated."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

KINDS = ("rasters", "products", "options", "kills", "disks", "clusters", "servers")
"""What is attacked, each in a module of this name."""
FORKED = ("kills", "disks")
"""Kinds that run the command line in forks of a process that has loaded it; the others call the package."""
SELF_CHECK = "checks"
"""Cases that must fail, for the tests of the attack itself."""


class BrokenPromiseError(Exception):
    """What the package promises did not hold."""


@dataclass(frozen=True)
class Case:
    """What is drawn; `random` gives the same numbers for the same case."""

    kind: str
    """One of `KINDS`."""
    seed: int
    """Of the whole attack."""
    number: int
    """Of the case within its kind, from 0."""

    def random(self) -> np.random.Generator:
        """The random numbers of this case."""
        return np.random.default_rng([self.seed, zlib.crc32(self.kind.encode()), self.number])

    @property
    def name(self) -> str:
        """A name for its folder."""
        return f"{self.kind}-{self.seed}-{self.number}"

    @property
    def command(self) -> str:
        """The command that repeats it."""
        return f"python -m tools.attack --seed {self.seed} --only {self.kind}:{self.number}"


@dataclass(frozen=True)
class Verdict:
    """How a case ended."""

    held: bool
    """Whether every promise held."""
    what: str
    """In a few words: refused, written, killed; or what failed."""
    detail: str = ""
    """A traceback, or what the command line printed."""
    peak_mb: float = 0.0
    """Most memory of the worker in this case, or of one of its children, in MB."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)
