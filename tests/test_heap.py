"""Freed arrays are taken again without new pages from the system, also where dask's nanny has forbidden it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = """
import resource, sys
import numpy as np
from sar_colorize.heap import keep_freed_memory
assert sys.argv[1] == "no" or keep_freed_memory()
def once():
    arrays = [np.empty(1 << 18, np.float32) for _ in range(4)]
    for array in arrays:
        array[::1024] = 1.0
once()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    once()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _pages(keep: str) -> int:
    """Pages that ten rounds of four arrays of 256 pages took, under what dask's nanny sets."""
    environment = os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, "-c", ROUNDS, keep]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no Linux")
def test_freed_arrays_are_kept_whatever_the_environment_says() -> None:
    if "libc.so.6" not in Path("/proc/self/maps").read_text():
        pytest.skip("no glibc here")
    assert _pages("no") > 5000
    assert _pages("yes") < 100
