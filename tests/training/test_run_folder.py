"""A run that fails before its first checkpoint leaves nothing; after it, what remains is said."""

import json

import pytest
import torch

from sar_colorize.errors import Cancelled, DataError, OutputError, SettingError, UnreadableError
from sar_colorize.training.checkpoint import load_checkpoint, save_checkpoint
from sar_colorize.training.run_folder import run_folder

SETTINGS = json.dumps({"epochs": 4, "seed": 0, "workers": 0})


def checkpoint(folder, epoch):
    network = torch.nn.Linear(2, 1)
    save_checkpoint(folder.checkpoint, {"network": network}, {}, {"epoch": str(epoch)})


def open_run(path, settings=SETTINGS, *, resume=False):
    return run_folder(path, settings, resume=resume, counts="epoch", may_differ=("workers",))


class FailedError(Exception):
    pass


def fail(path, error, work):
    with open_run(path) as folder:
        work(folder)
        raise error


def test_a_failed_start_leaves_no_folder_that_was_not_there(tmp_path):
    def work(folder):
        (folder.path / "samples").mkdir()
        folder.log.write_text("epoch")

    with pytest.raises(FailedError):
        fail(tmp_path / "new" / "run", FailedError, work)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_start_leaves_what_was_there(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "samples").mkdir()
    with pytest.raises(FailedError):
        fail(tmp_path, FailedError, lambda folder: folder.weights.write_bytes(b"half a run"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "samples"]


def test_a_folder_with_settings_alone_does_not_block(tmp_path):
    (tmp_path / "settings.json").write_text('{"epochs": 1}')
    with open_run(tmp_path) as folder:
        assert not folder.resumed
        assert json.loads(folder.settings.read_text())["epochs"] == 4


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "weights.safetensors"])
def test_a_folder_with_a_run_is_refused_and_stays(tmp_path, name):
    (tmp_path / name).write_bytes(b"dear")
    with pytest.raises(SettingError, match=f"out must be a folder without a run, got {name} in"), open_run(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(OutputError, match="out must be a folder that can be written to"), open_run(tmp_path / "run"):
        pass


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "seed must stay 0 in a resumed run, got 1; give the same or name a new folder"),
        ({"epochs": 8, "seed": 1}, "epochs must stay 4 in a resumed run, got 8"),
        ({"more": True}, "more must stay None in a resumed run, got True"),
    ],
)
def test_other_settings_are_refused_and_the_first_is_named(tmp_path, change, words):
    with open_run(tmp_path) as folder:
        checkpoint(folder, 1)
    before = folder.checkpoint.read_bytes()
    changed = json.dumps(json.loads(SETTINGS) | change)
    with pytest.raises(SettingError, match=words), open_run(tmp_path, changed, resume=True):
        pass
    assert folder.checkpoint.read_bytes() == before
    with open_run(tmp_path, json.dumps(json.loads(SETTINGS) | {"workers": 2}), resume=True) as again:
        assert again.resumed


def test_cancelled_before_the_first_checkpoint_nothing_was_written(tmp_path):
    with pytest.raises(Cancelled, match=r"^cancelled; nothing was written$"), open_run(tmp_path / "run"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("epochs", "words"), [(1, "1 epoch;"), (3, "3 epochs;")])
def test_cancelled_later_it_says_what_is_there(tmp_path, epochs, words):
    with pytest.raises(Cancelled, match=f"^cancelled after {words} .*run holds them, resume goes on from there$"):
        fail(tmp_path / "run", KeyboardInterrupt, lambda folder: checkpoint(folder, epochs))
    assert (tmp_path / "run" / "checkpoint.safetensors").is_file()


def test_a_failure_after_a_checkpoint_leaves_the_run(tmp_path):
    with pytest.raises(FailedError):
        fail(tmp_path / "run", FailedError, lambda folder: checkpoint(folder, 1))
    with open_run(tmp_path / "run", resume=True) as again:
        assert again.resumed


def test_checkpoint_of_another_network_is_refused(tmp_path):
    with open_run(tmp_path) as folder:
        checkpoint(folder, 1)
    with pytest.raises(DataError, match="checkpoint must be of this run and whole"):
        load_checkpoint(folder.checkpoint, {"network": torch.nn.Linear(3, 1)}, {})


def test_a_folder_that_vanishes_in_training_is_one_sentence(tmp_path):
    def vanish(folder):
        folder.path.rename(tmp_path / "away")
        folder.log.write_text("epoch")

    with pytest.raises(OutputError, match=r"out must be a folder that can be written to, got .*No such file"):
        fail(tmp_path / "run", FailedError, vanish)


def test_a_disk_that_fills_up_in_training_is_one_sentence(tmp_path):
    full = OSError(28, "No space left on device")
    with pytest.raises(OutputError, match=r"out must be a folder that can be written to, got .*No space left"):
        fail(tmp_path / "run", full, lambda folder: folder.log.write_text("epoch"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnreadableError):  # an error of ours stays what it is
        fail(tmp_path / "run", UnreadableError("input must be whole"), lambda folder: None)
