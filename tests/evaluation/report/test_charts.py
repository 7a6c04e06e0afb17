"""The charts of a report: each method can be told from the others."""

from __future__ import annotations

import re
from types import SimpleNamespace

from sar_colorize.evaluation.report.charts import colours
from sar_colorize.evaluation.report.style import STYLE


def test_every_baseline_beside_a_model_with_a_palette_has_a_colour_of_its_own_by_day_and_by_night() -> None:
    kinds = ["model"] * 6 + ["baseline"] * 5 + ["oracle"]
    comparison = SimpleNamespace(methods=[SimpleNamespace(name=str(i), kind=kind) for i, kind in enumerate(kinds)])
    chosen = list(colours(comparison).values())
    assert len(set(chosen)) == len(kinds)
    for colour in chosen:
        name = re.fullmatch(r"var\((--\w+)\)", colour)[1]
        assert len(re.findall(rf"{name}:(#[0-9a-f]{{6}})", STYLE)) == 2
