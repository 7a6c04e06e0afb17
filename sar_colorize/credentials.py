"""Credentials in the names of sources: taken out before a name is stored, shown or logged.

A URL may hold a user and a password (`https://user:password@host/`), or a key in its query (`?X-Amz-Signature=...`);
GDAL's `/vsicurl?` takes `userpwd=` and whole headers; options are given as `KEY=value`. What GDAL, a browser or a
cluster needs of them is passed on as it was given; whatever is written or printed goes through here.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import Any
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
"""Stands for the value of a setting that is a secret."""


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


def name_without_credentials(name: str) -> str:
    """The name of one source, likewise; what follows a blank or a quote belongs to it too."""
    if ":/" not in name and not re.search(r"/vsi\w+\?", name):
        return without_credentials(name)
    joined = re.sub(r"[\s\"<>]+", "%20", name)
    stripped = without_credentials(joined)
    return name if stripped == joined else stripped


def clean_error(error: BaseException | None) -> None:
    """Takes credentials out of the messages of an error and of all that it came from, whoever raised them."""
    parts = list(_chain(error))
    for part in parts:
        for name in ("errmsg", "strerror", "filename", "filename2", "message"):  # GDAL's, the system's, click's
            text = getattr(part, name, None)
            if isinstance(text, str) and text != without_credentials(text):
                with contextlib.suppress(AttributeError):
                    setattr(part, name, without_credentials(text))
        with contextlib.suppress(AttributeError):
            part.args = tuple(without_credentials(x) if isinstance(x, str) else x for x in part.args)
    for part in parts:
        if _shows_credentials(part.__cause__):
            part.__cause__ = None
        if _shows_credentials(part.__context__):
            part.__context__ = None


def _shows_credentials(error: BaseException | None) -> bool:
    """Whether the message of an error could not be cleaned."""
    return error is not None and str(error) != without_credentials(str(error))


class CredentialFilter(logging.Filter):
    """Takes credentials out of every record of a logger, for whatever handlers it has."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, stripped."""
        text = record.getMessage()
        if text != (stripped := without_credentials(text)):
            record.msg, record.args = stripped, None
        if record.exc_info:
            clean_error(record.exc_info[1])
        return True


def _vsi_without_options(found: re.Match[str]) -> str:
    """GDAL's name for the URL that its options hold, or for the file system alone."""
    url = re.search(r"(?:^|&)url=([^&]*)", found[2], re.IGNORECASE)
    if url is None:
        return found[1] + _end(found[2])
    after = "" if url.end() == len(found[2]) else _end(found[2])
    return f"{found[1]}/{name_without_credentials(unquote(url[1]))}{after}"


def _end(text: str) -> str:
    """The closing marks of a sentence around a URL, which are none of its own."""
    found = _END.search(text)
    return found[0] if found else ""


def _chain(error: BaseException | None) -> Iterator[Any]:
    """An error, its causes, its contexts, and the parts of groups, each once."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [part.__cause__, part.__context__]
        if isinstance(part, BaseExceptionGroup):
            waiting += part.exceptions
