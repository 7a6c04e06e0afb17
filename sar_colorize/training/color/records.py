"""What a run leaves to be read: a CSV line an epoch, TensorBoard events, sample pictures."""

from __future__ import annotations

import csv
import os
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from .validation import Validation

COLUMNS = ("epoch", "loss", "ab_error", "chroma_ratio", "spread_ratio")

PATIENCE_S = 10.0
"""Seconds that TensorBoard has to write out what it holds."""


class Records:
    """The log of a run in a folder; a resumed run drops the lines of epochs that it repeats."""

    def __init__(self, out: Path, *, resumed_after: int) -> None:
        self.out, self.csv = out, out / "log.csv"
        (out / "samples").mkdir(exist_ok=True)
        kept = []
        if self.csv.is_file():
            with self.csv.open(newline="", encoding="utf-8") as file:
                kept = [row for row in csv.reader(file) if row[:1] != ["epoch"] and int(row[0]) <= resumed_after]
        with self.csv.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *kept])
        self.board = _board(out, resumed_after)

    def write(self, epoch: int, loss: float, found: Validation) -> None:
        """Adds an epoch."""
        values = {"loss": loss, **found.to_dict()}
        with self.csv.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([epoch, *(f"{values[name]:.6g}" for name in COLUMNS[1:])])
        sheet = np.concatenate(found.pictures, 1)
        _write_png(self.out / "samples" / f"epoch_{epoch:03d}.png", sheet)
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(name, value, epoch)
            self.board.add_image("radar, ours, real", sheet, epoch)

    def close(self) -> None:
        """Writes out what TensorBoard still holds.

        Its writer is a thread, and an interrupt at a bad moment leaves a lock with nobody: then it is left alone.
        """
        if self.board is None:
            return
        failed: list[Exception] = []

        def close() -> None:
            try:
                self.board.close()
            except Exception as error:  # noqa: BLE001  # it is raised below
                failed.append(error)

        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        closing.join(PATIENCE_S)
        if failed:
            raise failed[0]


def _board(out: Path, resumed_after: int) -> Any:
    """A TensorBoard writer, or None where tensorboard is not installed."""
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(os.fspath(out / "tensorboard"), purge_step=resumed_after + 1)


def _write_png(path: Path, picture: np.ndarray) -> None:
    from PIL import Image

    Image.fromarray(np.ascontiguousarray(np.moveaxis(picture, 0, -1))).save(path)
