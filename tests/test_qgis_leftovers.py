"""The QGIS plugin removes what a killed backend left by the backend's own rules, in a module without the backend."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from made import killed_with_blocks

from sar_colorize import hidden_folder
from sar_colorize.hidden_folder import HiddenFolder

SOURCE = Path(__file__).parents[1] / "qgis_plugin" / "leftovers.py"


@pytest.fixture(scope="module")
def leftovers() -> Any:
    spec = importlib.util.spec_from_file_location("leftovers", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_sides_know_the_same_names(leftovers: Any) -> None:
    for name in ("NOTE", "LOCK", "EARLIER", "KNOWN_PARTS", "_LONGEST_NAME"):
        assert getattr(leftovers, name) == getattr(hidden_folder, name)


@pytest.mark.parametrize("name", ["c.tif", "c [1]*.tif", f"{'n' * 251}.tif"])
def test_what_a_killed_backend_left_is_removed(leftovers: Any, tmp_path: Path, name: str) -> None:
    assert killed_with_blocks(tmp_path / name).is_dir()
    leftovers.remove_leftovers(str(tmp_path / "other.tif"))
    assert len(list(tmp_path.iterdir())) == 1
    leftovers.remove_leftovers(str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_backend_that_lives_is_left_alone(leftovers: Any, tmp_path: Path) -> None:
    hidden = HiddenFolder(tmp_path / "c.tif")
    (hidden.path / "blocks.tif").write_bytes(b"at work")
    before = sorted(path.name for path in hidden.path.iterdir())
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert sorted(path.name for path in hidden.path.iterdir()) == before
    hidden.remove()


def test_links_and_folders_of_the_users_keep_their_files(leftovers: Any, tmp_path: Path) -> None:
    victim, own = tmp_path / "victim", tmp_path / ".c.tif.sar-colorize-mine"
    for folder in (victim, own):
        folder.mkdir()
        (folder / "blocks.tif").write_bytes(b"the user's")
    (tmp_path / ".c.tif.sar-colorize-evil").symlink_to(victim)
    orphan = killed_with_blocks(tmp_path / "c.tif")
    (orphan / "letter.txt").write_bytes(b"a stranger's")
    (orphan / "cog.tif").symlink_to(victim / "blocks.tif")
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert (victim / "blocks.tif").exists()
    assert (own / "blocks.tif").exists()
    assert (orphan / "letter.txt").exists()
    assert not (orphan / "blocks.tif").exists()


def test_a_note_that_names_other_files_is_not_believed(leftovers: Any, tmp_path: Path) -> None:
    orphan = killed_with_blocks(tmp_path / "c.tif")
    content = json.loads((orphan / hidden_folder.NOTE).read_text())
    (orphan / hidden_folder.NOTE).write_text(json.dumps(content | {"parts": ["*"]}))
    (orphan / "letter.txt").write_bytes(b"a stranger's")
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert (orphan / "letter.txt").exists()


def test_an_older_output_is_put_back(leftovers: Any, tmp_path: Path) -> None:
    output = tmp_path / "c.tif"
    output.write_bytes(b"older")
    killed_with_blocks(output, extra=f"os.rename({str(output)!r}, hidden.earlier)")
    leftovers.remove_leftovers(str(output))
    assert output.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [output]


def test_a_folder_without_a_lock_goes_too(leftovers: Any, tmp_path: Path) -> None:
    """Killed between note and lock."""
    (killed_with_blocks(tmp_path / "c.tif") / hidden_folder.LOCK).unlink()
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert list(tmp_path.iterdir()) == []


def test_nothing_happens_where_there_is_nothing(leftovers: Any, tmp_path: Path) -> None:
    leftovers.remove_leftovers(str(tmp_path / "gone" / "c.tif"))


@pytest.mark.parametrize("names", [(), ("note.json",), ("lock",), ("note.json", "lock")])
def test_what_a_run_left_that_was_killed_before_it_began_goes_too(
    leftovers: Any, tmp_path: Path, names: tuple[str, ...]
) -> None:
    begun = tmp_path / ".c.tif.sar-colorize-begun"
    begun.mkdir()
    for name in names:
        (begun / name).touch()
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert list(tmp_path.iterdir()) == []


def test_a_note_of_another_program_stays(leftovers: Any, tmp_path: Path) -> None:
    own = tmp_path / ".c.tif.sar-colorize-own"
    own.mkdir()
    (own / "note.json").write_text("{}")
    leftovers.remove_leftovers(str(tmp_path / "c.tif"))
    assert (own / "note.json").read_text() == "{}"
