"""Make an environment: a real venv and a real pip without a network, with a wheel that answers as sar-colorize does."""

from __future__ import annotations

import shlex
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
from made_here import Heard, alive, write_endless_source, write_wheel
from processing.core.ProcessingConfig import ProcessingConfig
from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingException, QgsSettings
from sar_colorize_qgis import backend, choices, environment_folder, installation
from sar_colorize_qgis.backend import BackendError, find
from sar_colorize_qgis.environment_folder import NOTE, EnvironmentFolder

SETTING = "Processing/Configuration/SAR_COLORIZE_BACKEND"
PYTHON = "/usr/bin/python3"


@pytest.fixture(autouse=True)
def _pip_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this computer reaches pip."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")


def _run(provider: Any, heard: Heard | None = None, **given: Any) -> dict[str, Any]:
    """The results, {} where it was cancelled."""
    context, heard = QgsProcessingContext(), heard or Heard()
    algorithm = provider.algorithm("makeenvironment").create()
    words = {"PYTHON": PYTHON} | {name: value if name == "EXTRAS" else str(value) for name, value in given.items()}
    assert algorithm.checkParameterValues(words, context) == (True, "")
    results, ok = algorithm.run(words, context, heard, {}, False)
    assert ok
    return results


def test_the_environment_is_made_checked_and_used_at_once(provider: Any, tmp_path: Path) -> None:
    folder = tmp_path / "Zoë's environments" / "sar-colorize"
    heard = Heard()
    results = _run(provider, heard, SOURCE=write_wheel(tmp_path / "wheels"), FOLDER=folder)
    assert results == {"ENVIRONMENT": str(folder), "VERSION": "0.1.0"}
    assert QgsSettings().value(SETTING) == str(folder)
    assert ProcessingConfig.getSetting("SAR_COLORIZE_BACKEND") == str(folder)
    assert find().program == str(folder / "bin" / "sar-colorize")
    assert choices.problem() == ""
    assert [name for name, _ in choices.remembered().models] == ["first", "second"]
    assert not (folder / "tmp").exists()
    assert sorted(heard.percent) == heard.percent
    assert set(heard.percent) == {5.0, 75.0, 92.0}  # a wheel from this disk is not downloaded
    assert heard.said[0].startswith("About 120 MB will be downloaded, and 460 MB used in ")
    log = "\n".join(heard.said)
    assert "-m venv" in log
    assert "Processing " in log
    assert "Successfully installed sar-colorize-0.1.0" in log
    assert heard.texts[0] == "Making the environment"


def test_without_parameters_the_clone_goes_into_the_profile(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[installation.Order] = []
    monkeypatch.setattr(backend, "clone", lambda: "/the/clone")
    monkeypatch.setattr(installation, "make", lambda order, feedback: orders.append(order))
    for given in ({}, {"FOLDER": "", "SOURCE": ""}):
        results, ok = provider.algorithm("makeenvironment").create().run(given, QgsProcessingContext(), Heard())
        assert (results, ok) == ({}, True)
    folder = Path(QgsApplication.qgisSettingsDirPath()).resolve() / "sar-colorize"
    assert orders == [installation.Order(folder, "/the/clone")] * 2


def test_a_run_that_fails_brings_the_earlier_environment_back_and_one_that_succeeds_replaces_it(
    provider: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "environment"
    _run(provider, SOURCE=write_wheel(tmp_path / "wheels"), FOLDER=folder)
    (folder / "lib" / "first").touch()
    wrong = write_wheel(tmp_path / "wrong", version="0.9.1")
    with pytest.raises(QgsProcessingException, match=r"must be version 0\.1\.\* for this plugin .* got 0\.9\.1"):
        _run(provider, SOURCE=wrong, FOLDER=folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["environment", "wheels", "wrong"]
    assert (folder / "lib" / "first").exists()
    assert choices.ask(find()).version == "0.1.0"
    _run(provider, SOURCE=tmp_path / "wheels" / wrong.name, FOLDER=folder)
    assert not (folder / "lib" / "first").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["environment", "wheels", "wrong"]


def test_a_program_that_lacks_what_it_needs_is_refused(provider: Any, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels", rasterio=False)
    with pytest.raises(QgsProcessingException, match="rasterio must work in the new environment, got: of the test"):
        _run(provider, SOURCE=wheel, FOLDER=tmp_path / "environment")
    assert list(tmp_path.iterdir()) == [wheel.parent]
    assert QgsSettings().value(SETTING) is None


def test_cancel_kills_pip_and_its_children_and_leaves_nothing(provider: Any, tmp_path: Path) -> None:
    source = write_endless_source(tmp_path / "source")
    ids, heard = source / "ids", Heard()

    def cancel() -> None:
        while not ids.exists():
            time.sleep(0.02)
        heard.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    assert _run(provider, heard, SOURCE=source, FOLDER=tmp_path / "a" / "b" / "environment") == {}
    deadline = time.monotonic() + 60
    while alive(ids):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == [source]
    assert QgsSettings().value(SETTING) is None


def test_packages_may_come_from_a_folder_and_by_name(provider: Any, tmp_path: Path) -> None:
    wheels = write_wheel(tmp_path / "wheels").parent
    heard = Heard()
    _run(provider, heard, SOURCE="sar-colorize", EXTRAS=[0], WHEELS=wheels, FOLDER=tmp_path / "environment")
    assert f"--no-index --find-links {wheels} 'sar-colorize[vector]==0.1.*'" in "\n".join(heard.said)
    assert heard.said[0].startswith("About 0 MB will be downloaded, and 690 MB used in ")


@pytest.mark.parametrize(
    ("source", "extras", "wanted"),
    [
        ("sar-colorize", (), "sar-colorize==0.1.*"),
        ("sar-colorize", ("vector", "torch"), "sar-colorize[vector,torch]==0.1.*"),
        ("{}/a clone", (), "sar-colorize @ file://{}/a%20clone"),
        ("{}/a clone/pyproject.toml", ("catalog",), "sar-colorize[catalog] @ file://{}/a%20clone"),
        ("{}/x.whl", (), "sar-colorize @ file://{}/x.whl"),
        ("{}/x.TAR.GZ", (), "sar-colorize @ file://{}/x.TAR.GZ"),
    ],
)
def test_pip_is_asked_for_what_the_user_names(
    tmp_path: Path, source: str, extras: tuple[str, ...], wanted: str
) -> None:
    (tmp_path / "a clone").mkdir()
    for name in ("a clone/pyproject.toml", "x.whl", "x.TAR.GZ"):
        (tmp_path / name).touch()
    assert installation.requirement(source.format(tmp_path), extras) == wanted.format(tmp_path)


@pytest.mark.parametrize("source", ["", "{}", "{}/no.whl", "{}/letter.txt", "other-package"])
def test_any_other_source_is_refused_before_anything_is_made(provider: Any, tmp_path: Path, source: str) -> None:
    (tmp_path / "letter.txt").touch()
    source = source.format(tmp_path)
    with pytest.raises(BackendError, match=f"the source must be a clone .* got {source or 'nothing'}"):
        installation.make(installation.Order(tmp_path / "environment", source), Heard())
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_usual_source_is_the_clone_that_the_plugin_was_built_from(tmp_path: Path, monkeypatch: Any) -> None:
    plugin, clone = tmp_path / "plugins" / "sar_colorize_qgis", tmp_path / "clone"
    plugin.mkdir(parents=True)
    clone.mkdir()
    monkeypatch.setattr(backend, "__file__", str(plugin / "backend.py"))
    assert backend.clone() == ""
    (plugin / "clone.txt").write_text(f"{clone}\n")
    assert backend.clone() == ""  # it was moved
    (clone / "pyproject.toml").write_text('[project]\nname = "sar-colorize"\n')
    assert backend.clone() == str(clone)
    # Not its name, which is not on the package index: a stranger could publish under it.
    assert backend.install_line().endswith(f"/pip install {shlex.quote(str(clone))}")
    monkeypatch.setattr(backend.os, "geteuid", lambda: clone.stat().st_uid + 1)
    assert backend.clone() == ""  # another user's


def test_a_folder_of_the_users_is_never_touched(provider: Any, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels")
    for name in ("letters", "environment"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "letter.txt").write_text("mine")
    (tmp_path / "environment" / NOTE).write_text('{"program": "SAR Colorize for QGIS", "whole": true}')
    (tmp_path / "link").symlink_to(tmp_path / "letters")
    wrongs = {
        "letters": "a folder with other things in it",
        "environment": "letter.txt beside it",
        "link": "a folder with other things in it",
        "letters/letter.txt": "a file or a link",
    }
    for name, found in wrongs.items():
        with pytest.raises(QgsProcessingException, match=rf"must be new, empty, or an environment .*, got {found}"):
            _run(provider, SOURCE=wheel, FOLDER=tmp_path / name)
        assert (tmp_path / name).exists()
    assert (tmp_path / "environment" / "letter.txt").read_text() == "mine"


def _whole(path: Path, mark: str) -> None:
    """An environment as `finish` leaves it, with a mark to know it by."""
    place = EnvironmentFolder(path)
    place.check(0)
    place.begin()
    (path / "lib").mkdir()
    (path / "lib" / mark).touch()
    place.finish()


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.name != NOTE)


def test_what_qgis_left_when_it_died_goes_with_the_next_run(tmp_path: Path) -> None:
    """It died while it made an environment anew: the earlier one lies aside, and a part of the new one in its place."""
    path = tmp_path / "environment"
    for begun in (EnvironmentFolder(path), EnvironmentFolder(path)):  # the first run died, and the second one too
        begun.begin()
        (path / "bin").mkdir()
    assert _names(tmp_path) == ["environment", "environment/bin", "environment/tmp"]
    _whole(path, "first")
    assert _names(tmp_path) == ["environment", "environment/lib", "environment/lib/first"]
    EnvironmentFolder(path).begin()
    assert _names(tmp_path) == [
        "environment", "environment.earlier", "environment.earlier/lib", "environment.earlier/lib/first",
        "environment/tmp",
    ]  # fmt: skip
    failed = EnvironmentFolder(path)
    failed.check(0)
    failed.begin()
    failed.undo()
    assert _names(tmp_path) == ["environment", "environment/lib", "environment/lib/first"]
    EnvironmentFolder(path).begin()
    _whole(path, "second")
    assert _names(tmp_path) == ["environment", "environment/lib", "environment/lib/second"]


def test_what_cannot_be_removed_at_once_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, while a process that was killed still holds a file."""
    place, tries = EnvironmentFolder(tmp_path / "a" / "environment"), []
    place.begin()
    rmtree = shutil.rmtree

    def held(path: Path, **options: Any) -> None:
        tries.append(path)
        if len(tries) > 2:
            rmtree(path, **options)

    monkeypatch.setattr(environment_folder.shutil, "rmtree", held)
    monkeypatch.setattr(environment_folder, "_PAUSE_S", 0.0)
    place.undo()
    assert tries == [place.path / "tmp"] * 3
    assert list(tmp_path.iterdir()) == []


def test_what_is_left_in_spite_of_all_is_known_as_unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = EnvironmentFolder(tmp_path / "environment")
    place.begin()
    monkeypatch.setattr(environment_folder, "_PAUSE_S", 0.0)
    with monkeypatch.context() as stuck:
        stuck.setattr(environment_folder.shutil, "rmtree", lambda path, **options: None)
        place.undo()
    assert (place.path / NOTE).exists()
    _whole(place.path, "next")
    assert _names(tmp_path) == ["environment", "environment/lib", "environment/lib/next"]


def test_a_full_disk_is_said_before(provider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 579_999_999, 579_999_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    wheel = write_wheel(tmp_path / "wheels")
    with pytest.raises(QgsProcessingException, match=rf"580 MB must be free at {tmp_path}, got 579 MB"):
        _run(provider, SOURCE=wheel, FOLDER=tmp_path / "a" / "environment")
    assert list(tmp_path.iterdir()) == [wheel.parent]


def test_a_folder_that_cannot_be_made_is_said(provider: Any, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels")
    with pytest.raises(QgsProcessingException, match=r"must be a folder that can be written, got: .*Not a directory"):
        _run(provider, SOURCE=wheel, FOLDER=wheel / "environment")


def test_no_network_is_said_and_nothing_is_left(provider: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:swordfish@127.0.0.1:9/simple")  # port 9: nothing listens
    monkeypatch.setenv("PIP_RETRIES", "1")
    heard = Heard()
    with pytest.raises(QgsProcessingException, match="the package index must be reachable, and is not; look at"):
        _run(provider, heard, SOURCE="sar-colorize", FOLDER=tmp_path / "environment")
    assert list(tmp_path.iterdir()) == []
    assert "swordfish" not in "\n".join(heard.said)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "more space on the",
        ),
        ('OSError("Tunnel connection failed: 407 Proxy Authentication Required")', "the proxy of the environment must"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("The virtual environment was not created successfully because ensurepip is not available.", "python3-venv"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", "you may write"),
        ("ERROR: No matching distribution found for rasterio>=1.4", "rasterio>=1.4 must be on the package index or in"),
        ("ERROR: Cannot install this", "must end well, got exit code 7: ERROR: Cannot install this"),
    ],
)
def test_every_known_failure_has_its_sentence(line: str, sentence: str) -> None:
    said = installation.reason(["Collecting rasterio", line, "", "[notice] a newer pip"], 7, installation.Proxy())
    assert sentence in said
    assert "\n" not in said


def test_pips_downloads_move_the_bar() -> None:
    heard = Heard()
    steps = installation._Steps(installation.Proxy(), 100, heard, {})
    for line in ("  Downloading a-1.whl (40.0 MB)", "Using cached b-1.whl (500 kB)", "Collecting c", "",
                 "  Downloading c-1.whl (2.0 GB)", "Installing collected packages: a, b, c"):  # fmt: skip
        steps.hear(line)
    assert heard.percent == [33.0, 33.35, 75.0]
    assert len(heard.said) == 5
