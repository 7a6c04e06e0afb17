"""A headless Chromium spoken to over two pipes, so that a test can look at a page, press keys and see its requests."""

from __future__ import annotations

import base64
import io
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_ANSWER_SECONDS = 120.0


def find_chromium() -> str:
    """The path of a Chromium; the test skips without one, and fails in continuous integration."""
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), "")
    if not found:
        text = "no Chromium here; pages are not tested in a browser: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)
    return found


class Tab:
    """One tab, by the DevTools protocol: JSON objects, each ended by a zero byte."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._last, self._waiting = to, back, 0, b""
        self.events: list[dict[str, Any]] = []
        target = self._call("Target.createTarget", url="about:blank", session=None)["targetId"]
        self._session: str | None = None
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True, session=None)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def _call(self, method: str, *, session: str | None = "own", **params: Any) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if session is not None:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (found := self._read()).get("id") != self._last:
            self.events.append(found)
        assert "error" not in found, found
        return found["result"]

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + _ANSWER_SECONDS
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._back], [], [], max(0.0, until - time.monotonic()))
            part = os.read(self._back, 1 << 20) if ready else b""
            assert part, "Chromium did not answer"
            self._waiting += part
        text, _, self._waiting = self._waiting.partition(b"\0")
        return json.loads(text)

    def open(self, address: str, *, width: int = 1280, height: int = 800, dark: bool = False, ratio: float = 1) -> None:
        """Loads a page of ours and waits until it says that it is ready."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=ratio,
                   mobile=width < 600)  # fmt: skip
        self._call("Page.navigate", url="about:blank")
        self._call("Page.navigate", url=address)
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def wait(self, condition: str) -> None:
        """Until an expression is true; a page that is on its way has none."""
        until = time.monotonic() + _ANSWER_SECONDS
        while self._evaluated(condition).get("result", {}).get("value") is not True:
            assert time.monotonic() < until, f"waited in vain for {condition}"
            time.sleep(0.02)

    def run(self, expression: str) -> Any:
        """The value of an expression, awaited."""
        found = self._evaluated(expression)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def _evaluated(self, expression: str) -> dict[str, Any]:
        return self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)

    def key(self, name: str) -> None:
        """A key pressed and let go, and what it changes drawn."""
        text = {"text": name} if len(name) == 1 else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=name, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=name)
        self.drawn()

    def mouse(self, kind: str, x: float, y: float) -> None:
        """mousePressed, mouseMoved or mouseReleased, with the left button."""
        self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
        self.drawn()

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """touchStart, touchMove or touchEnd of fingers."""
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._call("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)
        self.drawn()

    def drawn(self) -> None:
        """Waits for two frames."""
        self.run("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(1))))")

    def picture(self, path: Path | None = None) -> np.ndarray:
        """(H, W, 3) of what is shown; also as a file."""
        from PIL import Image

        data = base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])
        if path is not None:
            path.write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for, besides files and what lies in a page."""
        found = [event["params"]["request"]["url"] for event in self.events
                 if event.get("method") == "Network.requestWillBeSent"]  # fmt: skip
        return [address for address in found if not address.startswith(("data:", "file:", "about:", "blob:"))]

    @property
    def complaints(self) -> list[str]:
        """What the browser logged, such as a policy that was broken, and errors that nobody caught."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Log.entryAdded":
                found.append(params["entry"]["text"])
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
        return found


@contextmanager
def browser(program: str) -> Iterator[Tab]:
    """A tab of a Chromium without a network, which ends with the block."""
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:  # its children may still write
        arguments = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
            "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9",
            f"--user-data-dir={profile}", "--remote-debugging-pipe",
        ]  # fmt: skip
        shell = ["bash", "-c", f'exec "$@" 3<&{to_read} 4>&{back_write}', "bash", *arguments]
        process = subprocess.Popen(shell, pass_fds=(to_read, back_write), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)  # fmt: skip
        os.close(to_read)
        os.close(back_write)
        try:
            yield Tab(to_write, back_read)
        finally:
            process.terminate()
            process.wait(timeout=30)
            os.close(to_write)
            os.close(back_read)
