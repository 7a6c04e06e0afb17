import hashlib
import pickle
import stat
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from sar_colorize.errors import ModelError, OutputError
from sar_colorize.models import registry
from sar_colorize.models.card import Card
from sar_colorize.models.colorsar import ColorSAR

CARD = Card("mine", "colorsar", "ab", "sar-l", {"width": 4}, halo_px=112, stride_px=16, overlap_px=224)


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "mine.safetensors"
    registry.save_weights(path, ColorSAR(4), CARD)
    return path


@pytest.fixture
def shipped(monkeypatch, tmp_path, weights):
    """A weights folder of its own, holding one model."""
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(weights.read_bytes()).hexdigest()}  {weights.name}\n")
    monkeypatch.setattr(registry, "_FOLDER", tmp_path)
    return tmp_path


def test_card_travels_with_the_weights(weights):
    assert registry.load_card(weights) == CARD


def test_loaded_network_is_float32_in_evaluation_and_as_saved_to_half_precision(weights):
    torch.manual_seed(0)
    saved, loaded = ColorSAR(4), registry.load_network(weights)
    assert not loaded.training
    for before, after in zip(saved.state_dict().values(), loaded.state_dict().values(), strict=True):
        assert after.dtype == before.dtype
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-6)


def test_weights_are_stored_in_half_precision(weights):
    assert load_file(weights)["head.weight"].dtype == torch.float16


def test_saving_leaves_one_readable_file_and_nothing_beside(weights):
    assert [path.name for path in weights.parent.iterdir()] == ["mine.safetensors"]
    assert stat.S_IMODE(weights.stat().st_mode) == 0o644


def test_saving_into_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(OutputError, match="must be in a folder that can be written to"):
        registry.save_weights(tmp_path / "no" / "x.safetensors", ColorSAR(4), CARD)


def test_weight_beyond_half_precision_is_refused_and_nothing_is_written(tmp_path):
    network = ColorSAR(4)
    with torch.no_grad():
        network.head.bias[0] = 1e6
    with pytest.raises(ModelError, match=r"finite in half precision, got more than 65504 in head\.bias"):
        registry.save_weights(tmp_path / "x.safetensors", network, CARD)
    assert not list(tmp_path.iterdir())


def test_unknown_name_lists_the_known_ones(shipped):
    with pytest.raises(ModelError, match="one of composite, mine or a weights file, got 'unet'"):
        registry.load_card("unet")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"existing weights file, got .*gone\.safetensors"):
        registry.load_network(tmp_path / "gone.safetensors")


def test_truncated_file_is_refused(weights):
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ModelError, match="whole safetensors file"):
        registry.load_network(weights)


def test_pickle_is_refused_unopened(tmp_path):
    path = tmp_path / "evil.safetensors"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match="got a pickle"):
        registry.load_network(path)
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="got a pickle"):
        registry.load_card(path)


def test_file_without_a_card_is_refused(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "bare.safetensors")
    with pytest.raises(ModelError, match="must carry a card"):
        registry.load_card(tmp_path / "bare.safetensors")


def test_weights_of_another_width_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    registry.save_weights(path, ColorSAR(8), CARD)
    with pytest.raises(ModelError, match=r"must fit the architecture colorsar with \{'width': 4\}"):
        registry.load_network(path)


def test_settings_unknown_to_the_architecture_are_refused(tmp_path):
    path = tmp_path / "odd.safetensors"
    registry.save_weights(path, ColorSAR(4), replace(CARD, settings={"depth": 4}))
    with pytest.raises(ModelError, match=r"must be its arguments, got \{'depth': 4\}"):
        registry.load_network(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": -4}, "from 1 to 1024, got -4"),
        ({"width": 1_000_000}, "from 1 to 1024, got 1000000"),
        ({"width": "4"}, "from 1 to 1024, got '4'"),
        ({"width": True}, "from 1 to 1024, got True"),
        ({"classes": [[1, 2], [3]]}, "pairs of a and b"),
        ({"classes": [[1, float("nan")]]}, "pairs of a and b"),
        ({"classes": [[0, 0]] * 1025}, "at most 1024 pairs"),
    ],
)
def test_settings_that_make_no_network_are_refused(tmp_path, settings, words):
    path = tmp_path / "odd.safetensors"
    registry.save_weights(path, ColorSAR(4), replace(CARD, settings=settings))
    with pytest.raises(ModelError, match=words):
        registry.load_network(path)


def test_a_card_of_a_huge_network_is_refused_before_the_network_is_made(tmp_path, monkeypatch):
    """A width of 1024 makes 1.8 billion numbers; the few in the file are compared with it without making them."""
    path = tmp_path / "huge.safetensors"
    registry.save_weights(path, ColorSAR(4), replace(CARD, settings={"width": 1024}))
    reset = torch.nn.Conv2d.reset_parameters

    def only_shapes(self):
        assert self.weight.is_meta
        reset(self)

    monkeypatch.setattr(torch.nn.Conv2d, "reset_parameters", only_shapes)
    with pytest.raises(ModelError, match=r"must fit the architecture colorsar with \{'width': 1024\}"):
        registry.load_network(path)


def test_a_negative_variance_is_refused(tmp_path):
    network = ColorSAR(4)
    network.encode_2[0][1].running_var[1] = -1.0
    registry.save_weights(tmp_path / "odd.safetensors", network, CARD)
    with pytest.raises(ModelError, match=r"variances in weights must be at least 0, got less for encode_2\.0\.1"):
        registry.load_network(tmp_path / "odd.safetensors")


def test_composite_has_a_card_and_no_network():
    assert registry.load_card("composite").architecture == "composite"
    assert len(registry.checksum("composite")) == 64
    with pytest.raises(ModelError, match="got composite, which is a formula"):
        registry.load_network("composite")


def test_shipped_model_is_found_by_its_name(shipped, weights):
    assert registry.names() == ("composite", "mine")
    assert registry.load_card("mine") == CARD
    assert registry.checksum("mine") == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert registry.verify() == [("mine", True, registry.checksum("mine"))]


def test_shipped_weights_with_one_changed_byte_are_not_loaded(shipped, weights):
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="must match SHA256SUMS"):
        registry.load_network("mine")
    assert registry.verify() == [("mine", False, "differs from its checksum; install the package anew")]


def test_missing_shipped_weights_are_told(shipped, weights):
    weights.unlink()
    assert registry.verify() == [("mine", False, "missing; install the package anew")]


def test_shipped_weights_without_a_checksum_are_told(shipped):
    (shipped / "SHA256SUMS").unlink()
    assert registry.verify() == [("mine", False, "not listed in SHA256SUMS")]


def test_every_shipped_model_is_whole_loads_and_is_under_10_mb():
    for name, ok, detail in registry.verify():
        assert ok, f"{name}: {detail}"
        assert (registry._FOLDER / f"{name}.safetensors").stat().st_size < 10_000_000
        assert not registry.load_network(name).training
        assert registry.load_card(name).name == name
