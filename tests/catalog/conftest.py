"""Fixtures: both mosaics on loopback, and a cache and a configuration of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sar_colorize.catalog import client
from tools.mosaic_server import MosaicServer, serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the server serves."""
    made = tmp_path / "served"
    made.mkdir()
    return made


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MosaicServer]:
    """The only network that there is."""
    monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SAR_COLORIZE_CONFIG", str(tmp_path / "config.json"))
    monkeypatch.delenv("SAR_COLORIZE_NETWORK", raising=False)
    monkeypatch.setattr(client, "PATIENCE", client.Patience(timeout_s=1.0, first_wait_s=0.01, total_s=20.0))
    with serving(folder) as made:
        for source in ("WORLDCOVER", "MOSAIC_120"):
            monkeypatch.setenv(f"SAR_COLORIZE_{source}_URL", made.url)
        yield made
