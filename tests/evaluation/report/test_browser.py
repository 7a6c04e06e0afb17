"""The report in a real browser, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

_LOOK = """<script>addEventListener("load",()=>{const images=[...document.images].map(i=>i.naturalWidth);
document.body.innerHTML="FOUND"+JSON.stringify({images,
resources:performance.getEntriesByType("resource").map(e=>e.name).filter(n=>!n.startsWith("data:")),
wide:document.documentElement.scrollWidth-document.documentElement.clientWidth,
shown:getComputedStyle(document.body).fontFamily})+"END"})</script>"""


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        text = "no Chromium here; the report is not tested in a browser: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return found


def look(chromium: str, page: Path, folder: Path, width: int) -> dict:
    """What a browser without a network finds in a page: a copy of it that may run the script that looks."""
    html = page.read_text()
    copy = folder / "copy.html"
    copy.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', _LOOK, html, count=1))
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
         "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", f"--user-data-dir={folder / 'profile'}",
         f"--window-size={width},900", "--virtual-time-budget=5000", "--dump-dom", copy.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return json.loads(re.search(r"FOUND(.*)END", done.stdout)[1].replace("&quot;", '"').replace("&amp;", "&"))


@pytest.mark.parametrize("width", [500, 1400])
def test_every_picture_is_there_and_nothing_is_fetched(chromium, evaluated, tmp_path, width):
    seen = look(chromium, evaluated[1] / "index.html", tmp_path, width)
    assert len(seen["images"]) > 30
    assert min(seen["images"]) == 176
    assert seen["resources"] == []
    assert seen["wide"] == 0


def test_the_look_finds_a_picture_that_is_missing_and_a_page_too_wide(chromium, evaluated, tmp_path):
    broken = tmp_path / "broken.html"
    html = (evaluated[1] / "index.html").read_text()
    extra = '<img src="https://example.org/a.png"><div style="width:3000px">x</div></main>'
    broken.write_text(html.replace("</main>", extra))
    seen = look(chromium, broken, tmp_path, 500)
    assert min(seen["images"]) == 0
    assert seen["wide"] > 0


def test_the_page_names_no_address_to_fetch(evaluated):
    html = (evaluated[1] / "index.html").read_text()
    assert set(re.findall(r'https?://[^\s"\'<]+', html)) == {"http://www.w3.org/2000/svg"}
    assert {source[:22] for source in re.findall(r'src="([^"]*)"', html)} == {"data:image/png;base64,"}
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_names_from_folders_are_text_not_markup(shared_pairs, tmp_path):
    from sar_colorize import api

    folder = Path(shutil.copytree(shared_pairs, tmp_path / "pairs"))
    (folder / "test" / "town").rename(folder / "test" / "<b>town")
    api.evaluate(["composite"], folder, tmp_path / "report", limit=1)
    html = (tmp_path / "report" / "index.html").read_text()
    assert "&lt;b&gt;town" in html
    assert "<b>town" not in html
