"""Options made of a signature and a docstring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner
from sar_colorize_cli.command import command
from sar_colorize_cli.signature import Fact, keywords, options

Box = tuple[float, float, float, float]


def paint(
    source: str,
    output: str | None = None,
    *,
    size: int | None = None,
    share: float = 0.5,
    looks: float | str | None = None,
    box: Box | None = None,
    names: Iterable[str] = (),
    extras: Mapping[str, str] | None = None,
    overwrite: bool = False,
    keep: bool = True,
    tile_px: int = 512,
    on_progress: Any = None,
) -> dict[str, Any]:
    """Paints.

    Not: a rubric.

    Input:
        source: Where from.
        size: Its width; None for the
            usual one.

    How it is done:
        share, tile_px: Share and side; "auto" is
            not allowed.
        looks: Looks; None for 4.4, auto to estimate them.
        box: None takes all.
        names: Names.
        extras: Extras.
        overwrite: Replace it.
        keep: Whether to keep it.
        output: Where to.
        on_progress: Called.

    Returns:
        size: not the keyword.
    """
    del on_progress
    return dict(locals())


@command()
@options(
    paint,
    arguments={"source": "IN", "output": "OUT"},
    facts={
        "looks": Fact(words=("auto",), metavar="auto|L"),
        "box": Fact(metavar="W S E N"),
        "size": Fact(old=("--width",)),
    },
)
def painting(progress: str, as_json: bool, **given: Any) -> dict[str, Any]:
    """Paint.

    \b
    sar-colorize painting IN OUT
    """
    return paint(**given)


def _made(*arguments: str) -> dict[str, Any]:
    """What the function was given."""
    made: dict[str, Any] = painting.main(["in", "out", *arguments], standalone_mode=False)
    return made


def test_keywords_have_rubric_text_type_and_default() -> None:
    found = {keyword.name: keyword for keyword in keywords(paint)}
    assert found["size"].rubric == "Input"
    assert found["size"].text == "Its width; None for the usual one."
    assert found["size"].types == {"int"}
    assert found["size"].default is None
    assert found["tile_px"].text == found["share"].text == 'Share and side; "auto" is not allowed.'
    assert found["tile_px"].rubric == "How it is done"
    assert found["looks"].types == {"float", "str"}


def test_a_keyword_without_a_text_is_an_error() -> None:
    def bare(source: str, size: int = 3) -> None:
        """Bare.

        Input:
            source: Where from.
        """

    with pytest.raises(LookupError, match="docstring of bare must document size"):
        keywords(bare)


def test_what_is_left_out_is_left_to_the_function() -> None:
    assert _made() == paint("in", "out")


def test_every_type_is_read_as_its_annotation_says() -> None:
    given = "--size 7 --share 0.25 --looks 4 --box 1 -2 3 4.5 --names a --names b --extras K=V=W --overwrite --keep"
    made = _made(*given.split(), "--tile-px", "64")
    assert made["size"] == 7
    assert made["share"] == 0.25
    assert made["looks"] == 4.0
    assert made["box"] == (1.0, -2.0, 3.0, 4.5)
    assert made["names"] == ("a", "b")
    assert made["extras"] == {"K": "V=W"}
    assert (made["overwrite"], made["keep"], made["tile_px"]) == (True, False, 64)
    assert (_made("--looks", "auto")["looks"], _made("--width", "9")["size"]) == ("auto", 9)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "x"], "Invalid value for '--size"),
        (["--looks", "often"], "Invalid value for '--looks': must be auto or a number, got 'often'"),
        (["--box", "1", "2", "3"], "requires 4 arguments"),
        (["--extras", "=V"], "must be K=V, got '=V'; for example LEVEL=9"),
        (["--extras", "K"], "must be K=V, got 'K'"),
    ],
)
def test_what_an_annotation_does_not_allow_is_wrong_usage(arguments: list[str], sentence: str) -> None:
    done = CliRunner().invoke(painting, ["in", "out", *arguments])
    assert done.exit_code == 2
    assert sentence in done.output


def test_help_says_what_is_usual_in_words_of_the_command_line() -> None:
    text = CliRunner().invoke(painting, ["--help"], terminal_width=110).output
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "--size N Its width. --width is its old name. [default: the usual one]" in lines
    assert "--looks auto|L Looks; auto to estimate them. [default: 4.4]" in lines
    assert "--box W S E N Left out, it takes all." in lines
    assert "--share NUMBER Share and side; auto is not allowed. [default: 0.5]" in lines
    assert "--tile-px PX Share and side; auto is not allowed. [default: 512]" in lines
