"""QGIS's proxy as other programs understand it: in their environment, and never in a log."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from qgis.core import QgsNetworkAccessManager, QgsSettings
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy

from .backend import BackendError
from .credentials import HIDDEN
from .text import tr

_KINDS = (QNetworkProxy.ProxyType.HttpProxy, QNetworkProxy.ProxyType.HttpCachingProxy)


@dataclass(frozen=True)
class Proxy:
    """Variables of a child's environment, and words that may be shown. Empty: what QGIS's environment says holds."""

    variables: dict[str, str] = field(default_factory=dict, repr=False)
    shown: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hide(self, text: str) -> str:
        """The text without user and password of the proxy."""
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def of_qgis() -> Proxy:
    """The proxy of Settings, Options, Network. Call it in QGIS's own thread.

    Raises:
        BackendError: it is of a kind that pip does not speak.
    """
    if not QgsSettings().value("proxy/proxyEnabled", False, type=bool):
        return Proxy()
    manager = QgsNetworkAccessManager.instance()
    proxy = manager.fallbackProxy()
    if not proxy.hostName():
        return Proxy()
    where = f"{proxy.hostName()}:{proxy.port()}"
    if proxy.type() not in _KINDS:
        raise BackendError(
            tr(
                "the proxy of QGIS must be an HTTP proxy for pip, got another kind at {where}; choose one in Settings, "
                "Options, Network, or install in a terminal"
            ).format(where=where)
        )
    login = quote(proxy.user(), safe="")
    if proxy.password():
        login += ":" + quote(proxy.password(), safe="")
    address = f"http://{login}@{where}" if login else f"http://{where}"
    variables = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address)
    past = [QUrl(text).host() or text for text in (*manager.noProxyList(), *manager.excludeList()) if text]
    if past:
        variables |= dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(past))
    secrets = {proxy.password(), quote(proxy.password(), safe=""), login if proxy.password() else ""} - {""}
    return Proxy(variables, where, tuple(sorted(secrets, key=len, reverse=True)))
