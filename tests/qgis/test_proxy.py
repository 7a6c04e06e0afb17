"""QGIS's proxy reaches pip, and neither its user nor its password a log."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from made_here import Heard, write_wheel
from qgis.core import QgsNetworkAccessManager, QgsProcessingContext, QgsProcessingException, QgsSettings
from sar_colorize_qgis import proxy
from sar_colorize_qgis.backend import BackendError

USER, PASSWORD = "zoe@office", "sword@fish:%1"


@pytest.fixture
def set_proxy() -> Iterator[Callable[..., None]]:
    """Sets the proxy as Settings, Options, Network does, and takes it away again."""

    def set_to(**settings: Any) -> None:
        for name, value in settings.items():
            QgsSettings().setValue(f"proxy/{name}", value)
        QgsNetworkAccessManager.instance().setupDefaultProxyAndCache()

    yield set_to
    QgsSettings().remove("proxy")
    QgsNetworkAccessManager.instance().setupDefaultProxyAndCache()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Any]:
    """A proxy that has the package index behind it, and refuses to open any tunnel; it keeps what it heard."""
    wheel = write_wheel(tmp_path / "behind the proxy")

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.heard.append((self.path, self.headers.get("Proxy-Authorization", "")))
            page = f'<a href="{wheel.name}">{wheel.name}</a>'.encode()
            body = wheel.read_bytes() if self.path.endswith(".whl") else page
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self) -> None:
            self.send_response(407)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    made.heard = []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def _settings(port: int) -> dict[str, Any]:
    return {
        "proxyEnabled": True, "proxyType": "HttpProxy", "proxyHost": "127.0.0.1", "proxyPort": str(port),
        "proxyUser": USER, "proxyPassword": PASSWORD,
    }  # fmt: skip


def _make(provider: Any, heard: Heard, folder: Path) -> None:
    given = {"SOURCE": "sar-colorize", "FOLDER": str(folder), "PYTHON": "/usr/bin/python3"}
    _, ok = provider.algorithm("makeenvironment").create().run(given, QgsProcessingContext(), heard, {}, False)
    assert ok


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sets pip to one index, and to nothing else of this computer."""
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_TRUSTED_HOST", "index.invalid")
    return lambda address: monkeypatch.setenv("PIP_INDEX_URL", address)


def test_pip_goes_by_the_proxy_with_user_and_password_that_no_log_shows(
    provider: Any, server: Any, set_proxy: Callable[..., None], index: Callable[[str], None], tmp_path: Path
) -> None:
    set_proxy(**_settings(server.server_port))
    index("http://index.invalid/simple")
    heard = Heard()
    _make(provider, heard, tmp_path / "environment")
    login = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert [path.rpartition("/")[0] for path, _ in server.heard] == ["http://index.invalid/simple/sar-colorize"] * 2
    assert {given for _, given in server.heard} == {login}
    log = "\n".join(heard.said)
    assert f"By the proxy of QGIS, 127.0.0.1:{server.server_port}" in log
    assert "zoe" not in log
    assert "sword" not in log


def test_a_proxy_that_refuses_is_named(
    provider: Any, server: Any, set_proxy: Callable[..., None], index: Callable[[str], None], tmp_path: Path
) -> None:
    set_proxy(**_settings(server.server_port))
    index("https://index.invalid/simple")
    heard = Heard()
    with pytest.raises(
        QgsProcessingException, match=rf"the proxy 127\.0\.0\.1:{server.server_port} must let pip through, and does not"
    ):
        _make(provider, heard, tmp_path / "environment")
    assert not (tmp_path / "environment").exists()
    assert "sword" not in "\n".join(heard.said)


def test_without_a_proxy_in_qgis_that_of_the_environment_holds(set_proxy: Callable[..., None]) -> None:
    set_proxy(**(_settings(3128) | {"proxyEnabled": False}))
    assert proxy.of_qgis() == proxy.Proxy()


def test_a_proxy_becomes_variables_with_what_goes_past_it(set_proxy: Callable[..., None]) -> None:
    set_proxy(**(_settings(3128) | {"noProxyUrls": ["https://intranet.example/x", "files.example"]}))
    found = proxy.of_qgis()
    address = "http://zoe%40office:sword%40fish%3A%251@127.0.0.1:3128"
    assert found.variables == {
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), "intranet.example,files.example"),
    }
    assert found.shown == "127.0.0.1:3128"
    assert "sword" not in repr(found)
    assert found.hide(f"{address} {PASSWORD}") == "http://***@127.0.0.1:3128 ***"


def test_a_proxy_that_pip_does_not_speak_is_refused(set_proxy: Callable[..., None]) -> None:
    set_proxy(**(_settings(1080) | {"proxyType": "Socks5Proxy"}))
    with pytest.raises(BackendError, match=r"must be an HTTP proxy for pip, got another kind at 127\.0\.0\.1:1080"):
        proxy.of_qgis()
