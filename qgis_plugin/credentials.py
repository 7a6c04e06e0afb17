"""Credentials in the names of layers, taken out before the log shows them, by the rules of sar_colorize/credentials.

The backend gets a name as it is, and strips what it writes by itself.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_KEYS = (
    r"[\w.-]*(?:userpwd|passw(?:or)?d|passphrase|pwd|token|secret|signature|credential|connection_string|api_?key"
    r"|access_?key(?:_?id)?|account_?key|private_?key|\bsas|\bsig)"
)
_WITHIN = r"[^\s\"<>]"
_SCHEME = r"(?:Bearer|Basic|Digest|Token)\s+"
_VSI_OPTIONS = re.compile(rf"(/vsi\w+)\?((?:\b{_SCHEME}|{_WITHIN})*)", re.IGNORECASE)
_URL = r"\w[\w+.-]{1,30}:/{1,2}"
_USER = re.compile(rf"({_URL})(?:[^/?#\s\"<>]*|[^/?#\s\"<>:@]+:(?!\d+[/?#])[^\s\"<>@]{{0,500}})@")
_USER_BESIDE_PORT = re.compile(
    r"(?<![^\s/@:\\\"'(<>])[^\s/@:\\\"'(<>]{1,300}:[^\s/@\\\"'<>]{1,300}@(?=[\w.\[\]:-]+:\d)"
)
_QUERY = re.compile(rf"({_URL}[^\s?#\"<>]{{0,4000}})[?#]({_WITHIN}+)")
_HEADER = re.compile(rf"(authorization[\"']?\s*[:=]\s*[\"']?)(?:{_SCHEME})?[^\s\"']+", re.IGNORECASE)
_SETTING = re.compile(rf"(?<![\w.-])({_KEYS})=(\"[^\"]*\"|'[^']*'|[^\s,;&\"'()<>]+)", re.IGNORECASE)
_END = re.compile(r"[)\]}'.,;:]*\Z")
HIDDEN = "***"


def without_credentials(text: str) -> str:
    """A text with its URLs stripped of user, password, query and fragment, and of the values of secret settings."""
    if ":/" in text or "/vsi" in text:  # a path has one slash of a URL's two
        text = _VSI_OPTIONS.sub(_vsi_without_options, text)
        text = _USER.sub(r"\1", text)
        text = _QUERY.sub(lambda found: found[1] + _end(found[2]), text)
    if "@" in text:
        text = _USER_BESIDE_PORT.sub("", text)
    if "=" in text or ":" in text:
        text = _HEADER.sub(rf"\1{HIDDEN}", text)
        text = _SETTING.sub(rf"\1={HIDDEN}", text)
    return text


def _vsi_without_options(found: re.Match[str]) -> str:
    """GDAL's name for the URL that its options hold, or for the file system alone."""
    url = re.search(r"(?:^|&)url=([^&]*)", found[2], re.IGNORECASE)
    if url is None:
        return found[1] + _end(found[2])
    after = "" if url.end() == len(found[2]) else _end(found[2])
    return f"{found[1]}/{without_credentials(unquote(url[1]))}{after}"


def _end(text: str) -> str:
    """The closing marks of a sentence around a URL, which are none of its own."""
    found = _END.search(text)
    return found[0] if found else ""
