"""A weights file of a stranger: whatever is in it, it loads or is refused in one sentence."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from made import write_weights
from safetensors.torch import save_file

from sar_colorize import weights
from sar_colorize.errors import ModelError
from sar_colorize.models import registry
from sar_colorize.speckle.card import FilterCard

MUTATIONS = 300


def _parts(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and tensors of a safetensors file."""
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def _joined(header: Any, tensors: bytes) -> bytes:
    text = (header if isinstance(header, str) else json.dumps(header)).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + tensors


def _with_card(content: bytes, card: str) -> bytes:
    header, tensors = _parts(content)
    header["__metadata__"]["card"] = card
    return _joined(header, tensors)


@pytest.fixture
def content(bounded_weights: Path) -> bytes:
    return bounded_weights.read_bytes()


def _load(path: Path) -> None:
    """All that a user's weights file goes through."""
    registry.load_card(path)
    registry.load_network(path)
    registry.load_painter(path, ("VV",))
    registry.checksum(path)


HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 16, 2**31, 2**63, -(2**63), 10**400, 1e308, 1e999, -1e999, float("nan"), 0.5, "", "x",
    "\ud800", "\x00\x1b[2J", "a" * 100_000, "é" * 50, [], [1], [[]], [1, 2, 3], [[1, 2]], ["a", "b"], {}, {"a": 1},
    {"width": 10**9}, {"width": -1}, {"width": None}, {"VV": [-25, 0]}, {"VV": [0, 1e999]}, {"": ""}, "by-place", "rgb",
    "pix2pix", "composite",
)  # fmt: skip


def _mutated_card(card: dict[str, Any], rng: random.Random) -> str:
    values = dict(card)
    for _ in range(rng.randint(1, 3)):
        key = rng.choice([*values, "settings", "unknown"])
        what = rng.randint(0, 4)
        if what == 0:
            values.pop(key, None)
        elif what == 1 and isinstance(values.get(key), dict) and values[key]:
            inner = rng.choice(list(values[key]))
            values[key] = {**values[key], inner: rng.choice(HOSTILE)}
        elif what == 2 and isinstance(values.get(key), int):
            values[key] = values[key] * rng.choice((-1, 0, 2, 3, 1000, 2**40))
        else:
            values[key] = rng.choice(HOSTILE)
    text = json.dumps(values)
    if rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice(("[" * 5000, '"', "\\ud800", "}", "9" * 5000, "\x00")) + text[place + 1 :]
    return text


def _mutated_file(content: bytes, rng: random.Random) -> bytes:
    header, tensors = _parts(content)
    name = rng.choice([key for key in header if key != "__metadata__"])
    what = rng.randint(0, 6)
    if what == 0:
        return content[: rng.randrange(len(content))]
    if what == 1:
        changed = bytearray(content)
        for _ in range(rng.randint(1, 20)):
            changed[rng.randrange(8 + rng.choice((0, 2000, len(content) - 8)))] = rng.randrange(256)
        return bytes(changed)
    if what == 2:
        header[name]["shape"] = rng.choice(([], [2**63], [2**32, 2**32], [-1], [0], [1, 1], "x", None, [1.5]))
    elif what == 3:
        header[name]["dtype"] = rng.choice(("F64", "BOOL", "I8", "F8_E4M3", "U64", "C64", "X", None))
    elif what == 4:
        header[name]["data_offsets"] = rng.choice(([0, 2**63], [5, 1], [-1, 2], [0], None, [0, 0]))
    elif what == 5:
        return struct.pack("<Q", rng.choice((0, 1, 2**31, 2**63, 2**64 - 1))) + content[8:]
    else:
        header[rng.choice((name, "__metadata__", "more"))] = rng.choice((None, {}, [], "x", {"card": 1}))
    return _joined(header, tensors)


@pytest.mark.parametrize("weights_of", ["bounded_weights", "blended_weights", "placed_weights"])
def test_a_mutated_card_loads_or_is_refused_in_one_sentence(
    weights_of: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    rng, path = random.Random(weights_of), tmp_path / "mutated.safetensors"
    content = request.getfixturevalue(weights_of).read_bytes()
    card = json.loads(_parts(content)[0]["__metadata__"]["card"])
    refused = 0
    for _ in range(MUTATIONS // 3):
        path.write_bytes(_with_card(content, _mutated_card(card, rng)))
        refused += _is_refused(lambda: _load(path))
    assert refused > MUTATIONS // 16


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_file_loads_or_is_refused_in_one_sentence(content: bytes, tmp_path: Path, seed: int) -> None:
    rng, path = random.Random(100 + seed), tmp_path / "mutated.safetensors"
    refused = 0
    for _ in range(MUTATIONS // 4):
        path.write_bytes(_mutated_file(content, rng))
        refused += _is_refused(lambda: _load(path))
    assert refused > MUTATIONS // 16


def test_a_mutated_filter_card_is_read_or_refused_in_one_sentence() -> None:
    rng = random.Random(5)
    card = json.loads(FilterCard("mine", {"width": 8, "dilations": [1, 2]}, 0.1, quality={"a": 1.0}).to_json())
    refused = sum(_is_refused(lambda: FilterCard.from_json(_mutated_card(card, rng))) for _ in range(MUTATIONS))
    assert refused > MUTATIONS // 4


def _is_refused(load: Callable[[], object]) -> bool:
    try:
        load()
    except ModelError as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < 1000
        message.encode()  # no half of a character
        return True
    return False


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "whole safetensors file"),
        (b"\x01", "whole safetensors file"),
        (struct.pack("<Q", 2**63) + b"{}", "its header takes 9223372036854775808 bytes of 2"),
        (struct.pack("<Q", 2) + b"[]", "its header is no object"),
        (struct.pack("<Q", 100_000) + b"[" * 100_000, "whole safetensors file"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, start: bytes, words: str) -> None:
    path = tmp_path / "lie.safetensors"
    path.write_bytes(start)
    with pytest.raises(ModelError, match=words):
        registry.load_card(path)


def test_a_huge_header_is_refused_unread(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", weights.MOST_HEADER_BYTES + 1))
        file.truncate(2 * weights.MOST_HEADER_BYTES)
    with pytest.raises(ModelError, match=f"its header takes {weights.MOST_HEADER_BYTES + 1} bytes"):
        registry.load_card(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e6])
def test_weights_that_are_not_finite_are_refused_when_loaded(
    content: bytes, tmp_path: Path, bounded_weights: Path, value: float
) -> None:
    tensors = {key: tensor.float() for key, tensor in weights.read_tensors(bounded_weights).items()}
    tensors["head.weight"][0, 0, 0, 0] = value
    path = tmp_path / "nan.safetensors"
    save_file(tensors, path, {"card": weights.read_card(bounded_weights)})
    with pytest.raises(ModelError, match=r"finite in half precision, got NaN, infinity or more .* for 'head\.weight'"):
        registry.load_network(path)


def test_weights_of_true_and_false_are_refused(tmp_path: Path, bounded_weights: Path) -> None:
    tensors = weights.read_tensors(bounded_weights)
    tensors["head.bias"] = torch.ones(tensors["head.bias"].shape, dtype=torch.bool)
    save_file(tensors, tmp_path / "bool.safetensors", {"card": weights.read_card(bounded_weights)})
    with pytest.raises(ModelError, match=r"must be real numbers, got bool for 'head\.bias'"):
        registry.load_network(tmp_path / "bool.safetensors")


def test_finite_weights_whose_colours_are_not_are_refused_when_they_paint(tmp_path: Path) -> None:
    from sar_colorize.infer import paint_picture

    path = write_weights(tmp_path / "large.safetensors")
    tensors = {key: tensor.half() for key, tensor in weights.read_tensors(path).items()}
    for key, value in tensors.items():
        if key.endswith(("weight", "bias")):
            tensors[key] = torch.full_like(value, 60000.0)
    save_file(tensors, path, {"card": weights.read_card(path)})
    lightness = torch.linspace(0, 100, 64 * 64).view(1, 64, 64).numpy()
    with pytest.raises(ModelError, match="must give finite colours, got others from random"):
        paint_picture(registry.load_painter(path, ("VV",)), lightness)


def test_a_pipe_a_folder_and_a_device_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    for name in (tmp_path / "pipe.safetensors", tmp_path / "folder.safetensors", Path("/dev/zero")):
        with pytest.raises(ModelError, match=r"existing weights file, got .* \(which is no file\)"):
            registry.load_card(name)
        with pytest.raises(ModelError, match=r"regular file of at most 4 GB|can be read"):
            weights.read_card(name)


def test_a_file_that_may_not_be_read_is_one_sentence(bounded_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ModelError, match=r"file that can be read, got .*bounded\.safetensors .*Permission denied"):
        registry.load_network(bounded_weights)


@pytest.mark.parametrize("name", ["a" * 300 + ".safetensors", "a\x00.safetensors", "/" + "a/" * 5000 + "b.safetensors"])
def test_a_name_that_no_file_can_have_is_one_sentence(name: str) -> None:
    with pytest.raises(ModelError, match="existing weights file, got ") as caught:
        registry.load_card(name)
    assert len(str(caught.value)) < 500


def test_what_a_run_killed_while_it_wrote_left_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = """
import os, signal, sys
from pathlib import Path
from sar_colorize import weights
Path.chmod = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
weights.write_whole(Path(sys.argv[1]), b"new")
"""
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(b"older")
    subprocess.run([sys.executable, "-c", killed, str(path)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    assert path.read_bytes() == b"older"
    weights.write_whole(path, b"newest")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"newest"
