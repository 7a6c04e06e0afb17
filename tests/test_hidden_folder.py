"""What a killed run left is removed by the next one, and nothing else ever is."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from made import killed_with_blocks

from sar_colorize import hidden_folder
from sar_colorize.cog import CogWriter
from sar_colorize.errors import OutputError
from sar_colorize.hidden_folder import NOTE, HiddenFolder, _reserve, remove_orphans
from sar_colorize.raster import Grid, Raster, Unit


def _write(path: Path, *, overwrite: bool = True) -> None:
    with CogWriter(path, Grid(4, 4), bands=("power",), dtype="float32", overwrite=overwrite) as writer:
        raster = Raster(np.ones((1, 4, 4), np.float32), np.ones((4, 4), bool), ("power",), Unit.POWER)
        writer.write(Grid(4, 4).window, raster)


def test_what_a_killed_run_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    orphan = killed_with_blocks(tmp_path / "c.tif")
    assert orphan.is_dir()
    _write(tmp_path / "c.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["c.tif"]


@pytest.mark.parametrize("names", [(), ("note.json",), ("lock",), ("note.json", "lock")])
def test_what_a_run_left_that_was_killed_before_it_began_goes_too(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Killed between the making of a note and its first byte, or between the two last lines of a removal."""
    begun = tmp_path / ".c.tif.sar-colorize-begun"
    begun.mkdir()
    for name in names:
        (begun / name).touch()
    remove_orphans(tmp_path / "c.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_note_of_another_program_stays(tmp_path: Path) -> None:
    own = tmp_path / ".c.tif.sar-colorize-own"
    own.mkdir()
    (own / "note.json").write_text("{}")
    remove_orphans(tmp_path / "c.tif")
    assert (own / "note.json").read_text() == "{}"


def test_a_run_whose_folder_is_cleaned_away_while_it_begins_takes_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run's cleaner meets the folder while its note is empty."""
    whole, calls = hidden_folder._write_note, []

    def late(folder: Path, output: Path) -> None:
        if not calls:
            (folder / "note.json").touch()
            remove_orphans(output)
        calls.append(folder)
        whole(folder, output)

    monkeypatch.setattr(hidden_folder, "_write_note", late)
    hidden = HiddenFolder(tmp_path / "c.tif")
    assert len(calls) == 2
    assert [path.name for path in tmp_path.iterdir()] == [hidden.path.name]
    hidden.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_run_that_lives_is_left_alone(tmp_path: Path) -> None:
    hidden = HiddenFolder(tmp_path / "c.tif")
    (hidden.path / "blocks.tif").write_bytes(b"at work")
    remove_orphans(tmp_path / "c.tif")
    assert (hidden.path / "blocks.tif").exists()
    hidden.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_removal_that_is_interrupted_is_done_again_at_exit(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from sar_colorize import hidden_folder
hidden = hidden_folder.HiddenFolder(Path({str(tmp_path / "c.tif")!r}))
(hidden.path / "blocks.tif").write_bytes(b"half")
whole = hidden_folder._remove_parts
def interrupted(*arguments):
    hidden_folder._remove_parts = whole
    raise KeyboardInterrupt
hidden_folder._remove_parts = interrupted
try:
    hidden.remove()
except KeyboardInterrupt:
    print(hidden.path.exists())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_link_with_our_prefix_deletes_nothing_where_it_points(tmp_path: Path) -> None:
    """ln -s ../victim .c.tif.sar-colorize-evil"""
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.mkdir()
    out.mkdir()
    (victim / "thesis.tif").write_bytes(b"years of work")
    (out / ".c.tif.sar-colorize-evil").symlink_to(victim)
    _write(out / "c.tif")
    assert [path.name for path in victim.iterdir()] == ["thesis.tif"]
    assert (victim / "thesis.tif").read_bytes() == b"years of work"


def test_a_folder_of_the_users_with_our_prefix_keeps_its_files(tmp_path: Path) -> None:
    own = tmp_path / ".c.tif.sar-colorize-mine"
    own.mkdir()
    for name in ("notes.txt", "blocks.tif", "cog.tif"):
        (own / name).write_bytes(b"the user's")
    _write(tmp_path / "c.tif")
    assert {path.name for path in own.iterdir()} == {"notes.txt", "blocks.tif", "cog.tif"}


def test_what_a_stranger_put_into_an_orphan_stays(tmp_path: Path) -> None:
    orphan = killed_with_blocks(tmp_path / "c.tif")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept.txt").write_bytes(b"kept")
    (orphan / "letter.txt").write_bytes(b"a stranger's")
    (orphan / "temporary" / "link").symlink_to(tmp_path / "elsewhere")
    (orphan / "cog.tif").symlink_to(tmp_path / "elsewhere" / "kept.txt")
    _write(tmp_path / "c.tif")
    assert (orphan / "letter.txt").read_bytes() == b"a stranger's"
    assert not (orphan / "blocks.tif").exists()
    assert (tmp_path / "elsewhere" / "kept.txt").read_bytes() == b"kept"


def test_a_note_that_names_other_files_is_not_believed(tmp_path: Path) -> None:
    orphan = killed_with_blocks(tmp_path / "c.tif")
    (orphan / "letter.txt").write_bytes(b"a stranger's")
    content = json.loads((orphan / NOTE).read_text())
    (orphan / NOTE).write_text(json.dumps(content | {"parts": ["*"]}))
    _write(tmp_path / "c.tif")
    assert (orphan / "letter.txt").exists()
    assert (orphan / "blocks.tif").exists()


def test_an_older_output_in_an_orphan_is_put_back(tmp_path: Path) -> None:
    """Killed between the two renames of a file system without hard links."""
    output = tmp_path / "c.tif"
    output.write_bytes(b"older")
    killed_with_blocks(output, extra=f"os.rename({str(output)!r}, hidden.earlier)")
    assert not output.exists()
    remove_orphans(output)
    assert output.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("length", [230, 255])
def test_a_name_as_long_as_a_file_may_have_works(tmp_path: Path, length: int) -> None:
    output = tmp_path / f"{'n' * (length - 4)}.tif"
    killed_with_blocks(output)
    _write(output)
    assert list(tmp_path.iterdir()) == [output]


def test_a_name_that_no_file_can_have_is_one_sentence(tmp_path: Path) -> None:
    for name in (f"{'n' * 300}.tif", "a\0b.tif"):
        with pytest.raises(OutputError, match="output must be a name that a file can have"):
            _write(tmp_path / name)


def test_a_folder_that_vanishes_is_one_sentence(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    writer = CogWriter(out / "c.tif", Grid(4, 4), bands=("power",), dtype="float32")
    out.rmdir()
    with pytest.raises(OutputError, match=r"folder of the output must exist, got .*out, which is gone"):
        writer.open()


def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.tif"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match=r"output must be a regular file, got .*pipe\.tif"):
        _write(pipe)
    assert pipe.exists()


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("suffix", [".msk", ".aux.xml", ".ovr"])
def test_what_stands_in_the_place_of_a_sidecar_and_is_none_is_never_removed(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    _write(tmp_path / "c.tif")
    before, place = (tmp_path / "c.tif").read_bytes(), tmp_path / f"c.tif{suffix}"
    if kind == "folder":
        place.mkdir()
        (place / "thesis.txt").write_bytes(b"years of work")
    else:
        os.mkfifo(place)
    with pytest.raises(OutputError, match=r"no folder, device or pipe in the place of a sidecar, got .*; move it"):
        _write(tmp_path / "c.tif")
    assert kind == "pipe" or (place / "thesis.txt").read_bytes() == b"years of work"
    assert place.exists()
    assert (tmp_path / "c.tif").read_bytes() == before


def test_a_folder_that_is_named_as_a_part_of_an_orphan_stays(tmp_path: Path) -> None:
    orphan = killed_with_blocks(tmp_path / "c.tif")
    (orphan / "cog.tif.kept").mkdir()
    (orphan / "cog.tif.kept" / "letter.txt").write_bytes(b"a stranger's")
    _write(tmp_path / "c.tif")
    assert (orphan / "cog.tif.kept" / "letter.txt").read_bytes() == b"a stranger's"


@pytest.mark.parametrize("suffix", [".msk", ".aux.xml", ".ovr"])
def test_a_sidecar_of_another_raster_is_refused_and_stays(tmp_path: Path, suffix: str) -> None:
    sidecar = tmp_path / f"c.tif{suffix}"
    sidecar.write_bytes(b"the user's")
    with pytest.raises(OutputError, match=rf"output must have no sidecar of another raster, got .*c\.tif{suffix}"):
        _write(tmp_path / "c.tif", overwrite=False)
    assert sidecar.read_bytes() == b"the user's"


def test_sidecars_of_an_output_go_with_it_where_it_is_replaced(tmp_path: Path) -> None:
    _write(tmp_path / "c.tif")
    (tmp_path / "c.tif.aux.xml").write_bytes(b"<PAMDataset/>")
    _write(tmp_path / "c.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["c.tif"]


def test_sidecars_come_back_where_the_output_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(tmp_path / "c.tif")
    before = (tmp_path / "c.tif").read_bytes()
    (tmp_path / "c.tif.aux.xml").write_bytes(b"<PAMDataset/>")
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == "cog.tif":
            raise PermissionError(1, "made to fail")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="made to fail"):
        _write(tmp_path / "c.tif")
    assert (tmp_path / "c.tif").read_bytes() == before
    assert (tmp_path / "c.tif.aux.xml").read_bytes() == b"<PAMDataset/>"


@pytest.mark.parametrize("step", ["_write_note", "_lock"])
def test_a_folder_that_cannot_be_finished_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(f"sar_colorize.hidden_folder.{step}", fail)
    with pytest.raises(OutputError, match="got Too many open files"):
        HiddenFolder(tmp_path / "c.tif")
    assert list(tmp_path.iterdir()) == []


@contextmanager
def _no_more_files() -> Iterator[None]:
    """This process may open no more file than it has open."""
    resource = pytest.importorskip("resource")
    limits, taken = resource.getrlimit(resource.RLIMIT_NOFILE), [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 32, limits[1]))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(taken[0]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for handle in taken:
            os.close(handle)


def test_a_folder_is_removed_where_no_more_file_may_be_opened(tmp_path: Path) -> None:
    hidden, other = HiddenFolder(tmp_path / "made"), HiddenFolder(tmp_path / "c.tif")
    deep = hidden.path / "whole" / "train" / "site" / "s1"
    deep.mkdir(parents=True)
    (deep / "patch.png").write_bytes(b"half")
    (other.path / "blocks.tif").write_bytes(b"half")
    with _no_more_files():
        hidden.remove()
        other.remove()
        assert list(tmp_path.iterdir()) == []


def test_a_folder_that_could_not_be_removed_again_is_not_begun(tmp_path: Path) -> None:
    with (
        _no_more_files(),
        pytest.raises(
            OutputError, match=r"got Too many open files for .*; allow the process more open files, .*ulimit"
        ),
    ):
        HiddenFolder(tmp_path / "c.tif")
    assert list(tmp_path.iterdir()) == []
    assert _reserve == []


def test_no_process_for_the_last_step_is_one_sentence(tmp_path: Path) -> None:
    writer = CogWriter(tmp_path / "c.tif", Grid(4, 4), bands=("power",), dtype="float32")
    writer.open()
    (writer.hidden.path / "temporary").mkdir()
    with _no_more_files(), pytest.raises(OutputError, match=r"got Too many open files for .*ulimit"):
        writer._build(writer.hidden.path)
    writer.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["mkdir", "_write_note", "_lock", "finalize"])
def test_an_interrupt_while_a_folder_is_made_leaves_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A signal is heard when the call has done its work and returns."""
    owner = {"mkdir": Path, "finalize": weakref}.get(step, hidden_folder)
    call = getattr(owner, step)

    def interrupted(*arguments: object, **settings: object) -> None:
        call(*arguments, **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        HiddenFolder(tmp_path / "c.tif")
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_passed_over_and_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = iter(["taken", "free"])
    monkeypatch.setattr(secrets, "token_hex", lambda _size: next(tokens))
    taken = tmp_path / ".c.tif.sar-colorize-taken"
    taken.mkdir()
    (taken / "lock").write_bytes(b"somebody's")
    hidden = HiddenFolder(tmp_path / "c.tif")
    assert hidden.path.name.endswith("-free")
    hidden.remove()
    assert (taken / "lock").read_bytes() == b"somebody's"


def test_an_interrupt_behind_the_last_line_of_a_removal_closes_no_file_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The removal is called again at exit, when the number of the lock's descriptor may be another file's."""
    hidden = HiddenFolder(tmp_path / "c.tif")
    remove = hidden_folder._remove

    def interrupted(*arguments: object) -> None:
        remove(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(hidden, "_finalizer", weakref.finalize(hidden, interrupted, *hidden._finalizer.detach()[2]))
    with pytest.raises(KeyboardInterrupt):
        hidden.remove()
    assert list(tmp_path.iterdir()) == []
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]  # the lowest numbers that are free
    monkeypatch.setattr(hidden, "_finalizer", weakref.finalize(hidden, remove, *hidden._finalizer.detach()[2]))
    hidden.remove()
    for handle in others:
        os.close(handle)  # OSError: somebody closed it
