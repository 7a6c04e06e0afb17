import importlib.util
from dataclasses import replace

import pytest
import torch

from sar_colorize.errors import Cancelled, MissingPackageError, SettingError
from sar_colorize.pairs.find import find_pairs
from sar_colorize.training.color.loop import train
from sar_colorize.training.color.peers import Peers
from sar_colorize.training.color.settings import ColorSARSettings

TWO = ColorSARSettings(
    name="two", width=4, epochs=2, batch=4, patch_px=32, crops=2, device="cpu", precision="fp32", devices=2
)
HAS_LIGHTNING = importlib.util.find_spec("lightning") is not None


def test_shares_of_a_batch_are_all_of_it():
    batch = [5, 3, 8, 1]
    assert [Peers(rank, 2).share(batch) for rank in (0, 1)] == [[5, 8], [3, 1]]
    assert Peers().share(batch) == batch


def test_one_alone_agrees_with_itself():
    module = torch.nn.Linear(2, 1)
    module(torch.ones(1, 2)).sum().backward()
    Peers().average_gradients(module)
    assert module.weight.grad.tolist() == [[1.0, 1.0]]
    assert Peers().mean(3.5) == 3.5
    assert Peers().agree("x") == "x"


def test_batch_that_cannot_be_shared_is_refused(pairs_folder, tmp_path):
    with pytest.raises(SettingError, match="multiple of devices=2, got 3; 4 would do"):
        train(find_pairs(pairs_folder).pairs, tmp_path / "run", replace(TWO, batch=3))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(HAS_LIGHTNING, reason="lightning is installed")
def test_several_without_lightning_say_what_to_install(pairs_folder, tmp_path):
    with pytest.raises(MissingPackageError, match=r"pip install 'sar-colorize\[train\]'"):
        train(find_pairs(pairs_folder).pairs, tmp_path / "run", TWO)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not HAS_LIGHTNING, reason="lightning is not installed")
@pytest.mark.filterwarnings("ignore")
def test_two_processes_learn_as_one_does(pairs_folder, tmp_path):
    pairs = find_pairs(pairs_folder).pairs
    whole = train(pairs, tmp_path / "whole", TWO)
    assert whole.losses[1] < whole.losses[0]
    one = train(pairs, tmp_path / "one", replace(TWO, devices=1))
    # The same patches in every step; only BatchNorm sees two of them at a time, and not four.
    assert whole.losses[0] == pytest.approx(one.losses[0], rel=0.15)
    assert (tmp_path / "whole" / "log.csv").read_text().count("\n") == 3


def _stop(done: int, _total: int) -> None:
    """A progress that cancels; of the module, so that another process can take it."""
    if done >= 1:
        raise KeyboardInterrupt


def _refuse(done: int, _total: int) -> None:
    if done >= 1:
        raise SettingError("made to fail")


@pytest.mark.skipif(not HAS_LIGHTNING, reason="lightning is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("progress", "kind"), [(_stop, Cancelled), (_refuse, SettingError)])
def test_what_ends_one_of_several_processes_is_told_as_from_one(pairs_folder, tmp_path, progress, kind):
    with pytest.raises(kind, match=r"cancelled; nothing was written|made to fail"):
        train(find_pairs(pairs_folder).pairs, tmp_path / "run", TWO, progress=progress)
