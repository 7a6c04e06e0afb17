"""The cache: whole or not at all, verified, bounded, shared by two processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sar_colorize.catalog import cache
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.scene.date import find_date


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a test."""
    monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def stored(key: str, content: bytes = b"pixels") -> cache.Entry:
    """An entry of some content."""
    return cache.store(key, "worldcover-2021", lambda path: path.write_bytes(content) and None, {"fetched": {"a": 1}})


def test_what_was_stored_is_found_with_its_facts(folder: Path) -> None:
    made = stored("key")
    found = cache.find("key")
    assert found is not None
    assert found.path == made.path
    assert found.path.read_bytes() == b"pixels"
    assert found.facts["fetched"] == {"a": 1}
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".tif"]
    assert cache.find("another") is None


@pytest.mark.parametrize("damage", ["cut", "changed", "gone", "manifest"])
def test_what_is_damaged_is_not_found_again(folder: Path, damage: str) -> None:
    path = stored("key").path
    if damage == "gone":
        path.unlink()
    elif damage == "manifest":
        (folder / "key.json").write_text("{")
    else:
        path.write_bytes(b"pix" if damage == "cut" else b"pixelz")
    assert cache.find("key") is None
    assert stored("key").path.read_bytes() == b"pixels"
    assert cache.find("key") is not None


def test_a_manifest_that_names_a_file_elsewhere_is_not_believed(folder: Path, tmp_path: Path) -> None:
    stored("key")
    elsewhere = tmp_path / "elsewhere.tif"
    elsewhere.write_bytes(b"pixels")
    facts = json.loads((folder / "key.json").read_text())
    (folder / "key.json").write_text(json.dumps(facts | {"file": str(elsewhere)}))
    assert cache.find("key") is None
    assert elsewhere.exists()


def test_what_fails_while_it_is_written_leaves_nothing(folder: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError, match="lights"):
        cache.store("key", "name", fail, {})
    assert list(folder.iterdir()) == []


def test_the_oldest_files_go_when_there_are_too_many_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAR_COLORIZE_CACHE_MB", "1")
    for number in range(4):
        path = stored(f"key{number}", bytes([number]) * 400_000).path
        age = time.time() - 86400 + number
        os.utime(path, (age, age))
    last = stored("last", b"x" * 400_000)
    assert [cache.find(f"key{number}") is not None for number in range(4)] == [False, False, False, True]
    assert last.path.exists()
    assert sum(path.stat().st_size for path in folder.glob("*.tif")) <= 1 << 20


def test_files_that_were_used_lately_stay(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAR_COLORIZE_CACHE_MB", "1")
    for number in range(4):
        stored(f"key{number}", bytes([number]) * 400_000)
    assert all(cache.find(f"key{number}") for number in range(4))


def test_a_file_that_is_larger_than_the_cache_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAR_COLORIZE_CACHE_MB", "1")
    with pytest.raises(OutputError, match="cache must have room for one file of 2 MB, got 1 MB; raise SAR_COLORIZE"):
        stored("key", b"x" * 2_000_000)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "99999999999"])
def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SAR_COLORIZE_CACHE_MB", text)
    with pytest.raises(SettingError, match="SAR_COLORIZE_CACHE_MB must be a number of megabytes"):
        cache.most_bytes()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(
        OutputError, match=r"cache must be writable, got Not a directory for .*; set SAR_COLORIZE_CACHE"
    ):
        stored("key")


def test_names_never_read_as_dates() -> None:
    for number in range(200):
        key = cache.key_of({"number": number})
        assert key.isalpha()
        assert find_date({}, f"worldcover-2021-{key[:8]}-{key[8:16]}.tif") is None


def test_a_second_process_waits_for_the_first_and_takes_its_file(folder: Path) -> None:
    code = """
import sys, time
from sar_colorize.catalog import cache
with cache.only_one("key", lambda: None):
    print("holds", flush=True)
    if cache.find("key") is None:
        time.sleep(0.6)
        cache.store("key", "name", lambda path: path.write_bytes(b"of " + sys.argv[1].encode()) and None, {})
print(cache.find("key").path.read_bytes().decode(), flush=True)
"""
    first = subprocess.Popen([sys.executable, "-c", code, "first"], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "holds\n"
    second = subprocess.run(
        [sys.executable, "-c", code, "second"], capture_output=True, text=True, check=True, timeout=30
    )
    assert first.communicate()[0] == "of first\n"
    assert second.stdout == "holds\nof first\n"
    assert len(list(folder.glob("*.tif"))) == 1
    assert list(folder.glob("*.lock")) == []


def test_what_a_killed_process_left_goes_after_a_day(folder: Path) -> None:
    stored("key")
    left = folder / ".unfinished-abc.tif"
    fresh = folder / ".unfinished-def.tif"
    for path, age in ((left, 2 * 86400), (fresh, 60)):
        path.write_bytes(b"half")
        os.utime(path, (time.time() - age, time.time() - age))
    stored("another")
    assert not left.exists()
    assert fresh.exists()
