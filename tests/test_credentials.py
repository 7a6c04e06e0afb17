"""Passwords and keys in the names of sources reach no tag, record, log line or message: a canary for every option."""

from __future__ import annotations

import importlib.util
import inspect
import json
import logging
import pickle
import re
import threading
import traceback
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from made import UTM33, speckled

import sar_colorize as sc
from sar_colorize import api, credentials
from sar_colorize.api.keywords import OUTPUTS
from sar_colorize.credentials import CredentialFilter, clean_error, name_without_credentials, without_credentials
from sar_colorize.errors import OutputError, SettingError, UnreadableError

CANARY = "C4nary"
MakeTif = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("got https://u:C4nary@h:8/x.tif, which is not", "got https://h:8/x.tif, which is not"),
        ("got 'https://h/x.tif?X-Amz-Signature=C4nary&t=1'; do", "got 'https://h/x.tif'; do"),
        ("...https://u:C4nary@h/x?k=C4nary", "...https://h/x"),
        ("https://h/x.tif#access_token=C4nary", "https://h/x.tif"),
        ("s3://C4nary:C4nary@bucket/x (bad)", "s3://bucket/x (bad)"),
        ("https://u:C4/n?ary@h/x", "https://h/x"),
        ("tcp://u:C4nary@h:8786 and u:C4nary@10.0.0.1:8786", "tcp://h:8786 and 10.0.0.1:8786"),
        ("/vsicurl?url=https%3A%2F%2Fu%3AC4nary%40h%2Fx.tif&userpwd=u:C4nary", "/vsicurl/https://h/x.tif"),
        ("/vsicurl?header.Authorization=Bearer C4nary&url=https://h/x", "/vsicurl/https://h/x"),
        ("/vsizip//vsicurl/https://u:C4nary@h/x.zip?k=C4nary/m.tif", "/vsizip//vsicurl/https://h/x.zip"),
        ("AWS_SECRET_ACCESS_KEY=C4nary, not known", "AWS_SECRET_ACCESS_KEY=***, not known"),
        ("PG:host=h password='C4 nary' user=u", "PG:host=h password=*** user=u"),
        ("{'Authorization': 'Bearer C4nary'}", "{'Authorization': '***'}"),
        ('{"palette": "https://u:C4nary@h/x?sig=C4nary", "size": 5}', '{"palette": "https://h/x", "size": 5}'),
    ],
)
def test_credentials_are_taken_out_of_a_text(text: str, stripped: str) -> None:
    assert without_credentials(text) == stripped


def test_the_plugin_takes_out_the_same() -> None:
    """It cannot import the library; its rules are a copy."""
    path = Path(__file__).parents[1] / "qgis_plugin" / "credentials.py"
    spec = importlib.util.spec_from_file_location("credentials_of_plugin", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    rules = [name for name, value in vars(credentials).items() if isinstance(value, re.Pattern)]
    assert len(rules) == 7
    for name in rules:
        assert getattr(module, name) == getattr(credentials, name)
    for name in ("without_credentials", "_vsi_without_options", "_end"):
        own, other = (inspect.getsource(getattr(place, name)) for place in (credentials, module))
        assert other == own.replace("name_without_credentials", "without_credentials")


def test_a_hostile_text_takes_no_quadratic_time() -> None:
    """Seconds, or hours: each rule begins once in a word."""
    for text in (
        "a" * 200_000 + ":/",
        "a:" * 100_000 + "@",
        "a@" * 100_000 + "=",
        "/vsi" * 50_000,
        "token" * 40_000,
        "ab:/" * 20_000,
    ):
        assert CANARY not in without_credentials(text)


@pytest.mark.parametrize(
    "text",
    [
        "/home/me/a?b=c#d.tif", "/vsis3/bucket/key.tif", "C:\\data@home\\a.tif", "https://h:8080/@me/x.tif", "me@h.org",
        "did you mean https://h/x?", "design=1, pass=DESCENDING, mode=IW", "VV; 10:20:30 @ 5", "/vsizip/a.zip/b.tif",
    ],
)  # fmt: skip
def test_a_text_without_credentials_stays_as_it_is(text: str) -> None:
    assert without_credentials(text) == text
    assert name_without_credentials(text) == text


def test_a_blank_or_a_quote_in_a_name_hides_nothing_behind_it() -> None:
    assert name_without_credentials('https://h/x.tif?sig=a C4nary "C4nary') == "https://h/x.tif"
    assert name_without_credentials("https://u:a b C4nary@h/my file.tif") == "https://h/my%20file.tif"


@given(st.text(st.characters(exclude_characters="/?#@", exclude_categories=("Z", "C")), min_size=1), st.text())
def test_neither_password_nor_query_of_any_url_is_left(password: str, query: str) -> None:
    name = f"https://user:{password}\u0394@host.org/x.tif?{query}\u0394"
    assert "\u0394" not in name_without_credentials(name)


def test_errors_of_this_package_hold_none_and_survive_a_worker() -> None:
    """By pickle as dask's `distributed` changes it with tblib."""
    from tblib import pickling_support

    pickling_support.install()
    for kind in (UnreadableError, OutputError, SettingError):
        error = kind(f"input must be read, got https://u:{CANARY}@h/x?k={CANARY}; do")
        error = pickle.loads(pickle.dumps(error))  # noqa: S301  # its own bytes
        assert str(error) == "input must be read, got https://h/x; do"


def test_errors_of_others_are_cleaned_with_all_that_they_came_from() -> None:
    try:
        try:
            raise OSError(2, "no", f"https://u:{CANARY}@h/x")
        except OSError as cause:
            raise ExceptionGroup("two", [ValueError(f"token={CANARY}")]) from cause
    except ExceptionGroup as error:
        clean_error(error)
        text = "".join(traceback.format_exception(error))
    assert CANARY not in re.sub(r'f".*"', "", text)  # the lines of this file


def test_a_log_line_holds_none_whatever_handler_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="sar_colorize"):
        logging.getLogger("sar_colorize").info("opened %s", f"https://u:{CANARY}@h/x?k={CANARY}")
    assert caplog.messages == ["opened https://h/x"]
    assert any(isinstance(item, CredentialFilter) for item in logging.getLogger("sar_colorize").filters)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """A server of this machine that gives files of a folder, whatever the password and the query."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = folder / self.path.split("?")[0].lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            whole = path.read_bytes()
            first, last = 0, len(whole) - 1
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if asked:
                first, last = int(asked[1]), min(last, int(asked[2] or last))
            self.send_response(206 if asked else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(last + 1 - first))
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(whole)}")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(whole[first : last + 1])

        do_HEAD = do_GET  # noqa: N815  # the base class names it

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.delenv("CPL_VSIL_CURL_ALLOWED_EXTENSIONS")
    monkeypatch.setenv("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR")
    host = f"127.0.0.1:{server.server_port}"
    yield lambda name: f"http://user:{CANARY}@{host}/{name}?X-Amz-Signature={CANARY}&token={CANARY}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def remote(served: Callable[[str], str], make_tif: MakeTif, tmp_path: Path) -> Callable[[str], str]:
    """scene.tif, picture.tif and area.geojson on that server."""
    bands = np.stack([speckled(200, 200), speckled(200, 200, seed=1, median_db=-18.5)])
    make_tif(bands, "served/scene.tif", names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"})
    rng = np.random.default_rng(0)
    make_tif(rng.integers(60, 140, (3, 200, 200)).astype(np.uint8), "served/picture.tif")
    box = geopandas.GeoSeries([shapely.box(500000, 4998000, 501500, 5000000)], crs=UTM33)
    box.to_file(tmp_path / "served" / "area.geojson", driver="GeoJSON")
    return served


def test_a_canary_in_sources_that_are_read_reaches_no_file_result_or_log(
    remote: Callable[[str], str], tmp_path: Path, placed_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    scene, options = remote("scene.tif"), f"userpwd=user:{CANARY}&header.Authorization=Bearer {CANARY}"
    area = remote("area.geojson").replace(f"user:{CANARY}@", "")  # Python's own reader of URLs takes no password
    with caplog.at_level(logging.INFO):
        made = sc.colorize(
            scene, out / "c.tif", model=str(placed_weights), palette=remote("picture.tif"), aoi=area,
            uncertainty=out / "e.tif",
        )  # fmt: skip
        remembered = sc.colorize(
            scene, out / "r.tif", model=str(placed_weights), reference=remote("picture.tif"),
            reference_radar=remote("scene.tif"), memory=out / "m.tif",
        )  # fmt: skip
        described = sc.info(f"/vsicurl?{options}&url={scene.split('?')[0]}")
        smooth = sc.despeckle(scene, out / "s.tif")
        opened = sc.open_scene(scene)
        api.build_pairs(scene, remote("picture.tif"), out / "pairs", patch_px=32)
    assert remembered.reference is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/picture\.tif", remembered.reference)
    assert made.palette is not None
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/picture\.tif", made.palette)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/scene\.tif", smooth.source)
    assert "picture.tif" in made.notes[-1]
    for text in (
        repr(made),
        json.dumps(made.to_dict()),
        repr(remembered),
        json.dumps(remembered.to_dict()),
        json.dumps(described),
        repr(opened),
        caplog.text,
    ):
        assert CANARY not in text
    for path in out.rglob("*"):
        assert CANARY not in str(path)
        assert not path.is_file() or CANARY.encode() not in path.read_bytes()


def _verbs(
    folder: Path, scene: Path, picture: Path, pairs: Path
) -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Every verb, with what it needs."""
    return {
        "colorize": (sc.colorize, {"source": scene, "output": folder / "c.tif", "model": "composite"}),
        "despeckle": (sc.despeckle, {"source": scene, "output": folder / "s.tif"}),
        "despeckle_stack": (sc.despeckle_stack, {"sources": [scene, picture], "folder": folder / "stack"}),
        "info": (sc.info, {"source": scene}),
        "adapt": (api.adapt, {"s1": scene, "s2": picture, "out": folder / "a.safetensors", "steps": 1}),
        "build_pairs": (api.build_pairs, {"s1": scene, "s2": picture, "folder": folder / "pairs", "patch_px": 64}),
        "train": (api.train, {"data": pairs, "out": folder / "run", "epochs": 1, "width": 4, "patch_px": 999999}),
        "evaluate": (api.evaluate, {"models": ["composite"], "data": pairs, "report": folder / "r", "limit": 1}),
        "evaluate_filters": (api.evaluate_filters, {"data": pairs, "filters": ["median"]}),
        "demo": (api.demo, {"folder": folder / "demo", "model": "nonsense"}),
    }


OPTIONS = [
    (verb, name)
    for verb in (
        "colorize", "despeckle", "despeckle_stack", "info", "adapt", "build_pairs", "train", "evaluate",
        "evaluate_filters", "demo",
    )
    for name in _verbs(*[Path()] * 4)[verb][0].__wrapped__.__annotations__  # type: ignore[attr-defined]
    if name != "return"
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Unsupported option:RuntimeWarning")  # of GDAL, in this test's own name of a source
@pytest.mark.parametrize(("verb", "option"), OPTIONS)
def test_a_canary_in_any_option_of_any_verb_is_never_shown(
    verb: str,
    option: str,
    served: Callable[[str], str],
    make_tif: MakeTif,
    pairs_folder: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    scene = make_tif(speckled(70, 70), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    picture = make_tif(np.full((3, 70, 70), 120, np.uint8), "picture.tif")
    out = tmp_path / "out"
    out.mkdir()
    function, needed = _verbs(out, scene, picture, pairs_folder)[verb]
    url = served("none.tif")
    texts = [url, f"/vsicurl?userpwd=u:{CANARY}&url={url}"]
    if option not in OUTPUTS:  # there it is the name of a local file
        texts.append(f"PG:host=h password={CANARY}")
    for text in texts:
        value: Any = {"AWS_SECRET_ACCESS_KEY": CANARY, "LEVEL": text} if option == "creation_options" else text
        if option in ("sources", "models", "filters", "exclude"):
            value = [text, text]
        with caplog.at_level(logging.DEBUG):
            try:
                said = repr(function(**(needed | {option: value})))
            except Exception as error:  # noqa: BLE001  # any error is shown
                said = "".join(traceback.format_exception(error))
        assert CANARY not in said.replace("{CANARY}", "")
        assert CANARY not in caplog.text
        assert CANARY not in "".join(capfd.readouterr())
        for path in out.rglob("*"):
            assert CANARY not in str(path)
            assert not path.is_file() or CANARY.encode() not in path.read_bytes()
