# `make demo` and `make test` do all the set-up on a fresh machine.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
VENV_QGIS ?= .venv-qgis
QGIS_PYTHON ?= /usr/bin/python3
PLUGIN_DIR ?= dist
JOBS ?= auto
# The address of the CPU builds of torch. Left empty, torch comes from pip's own index: on Linux that is the CUDA build,
# about 2.9 GB with its libraries.
TORCH_INDEX ?=
# Of `make attack`: the seconds after which no case begins, the seed (the date where empty), and how many cases of each.
ATTACK_SECONDS ?= 1800
ATTACK_SEED ?=
ATTACK_OUT ?= attack
ATTACK_JOBS ?= 2
RASTERS ?= 2000
PRODUCTS ?= 1000
OPTIONS ?= 5000
KILLS ?= 500
DISKS ?= 100
CLUSTERS ?= 20
SERVERS ?= 100

.PHONY: help install demo test lint browser toolbox qgis has-qgis test-qgis test-qgis-release plugin package benchmark attack audit sbom clean

help:
	@echo "make demo       install, colorize a simulated scene offline, say where the picture is"
	@echo "make test       install, then lint, type-check and run every test"
	@echo "make benchmark  measure speed and memory beside other programs: docs/benchmarks.md; an hour"
	@echo "make attack     try to break it: damaged files, hostile options, kills, full disks; 30 minutes, docs/reliability.md"
	@echo "make audit      ask for known vulnerabilities of the installed packages"
	@echo "make package    build the wheel"
	@echo "make sbom       build the wheel with a list of its parts and checksums"
	@echo "make plugin     build the plugin for QGIS as a zip"
	@echo "make clean      remove what the others made"
	@echo
	@echo "make test TORCH_INDEX=URL   the same with the CPU build of torch, which saves gigabytes on Linux;"
	@echo "                            PyTorch's page Get Started, Compute Platform CPU, shows URL after --index-url"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "sar-colorize needs Python 3.11 or newer; call: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# Installed anew when the packaging changes.
$(VENV)/installed: $(BIN)/python pyproject.toml setup.cfg constraints.txt
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/tested: $(VENV)/installed
ifneq ($(TORCH_INDEX),)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --index-url $(TORCH_INDEX) torch
endif
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[all,test,features]"
	@touch $@

install: $(VENV)/installed

demo: install
	@$(BIN)/sar-colorize demo demo --overwrite
	@echo "Open demo/before_after.png, or demo/colour.tif in QGIS."

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The report is tested in a browser, which apt installs where it may; elsewhere that test skips and says so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
	  || echo "No Chromium here, and apt may not install it: the test of the report in a browser will be skipped."

# The Orfeo Toolbox, which four speckle filters are compared with; without it they are tested on recorded results.
toolbox:
	@command -v otbcli_Despeckle >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends otb-bin >/dev/null; } \
	  || echo "NO ORFEO TOOLBOX here, and apt may not install it: filters are tested on its recorded results alone."

# QGIS, which apt installs where it may; elsewhere the plugin is not tested, which continuous integration does not accept.
# One `command -v` for each program: with several names it succeeds where one of them is found.
HAS_QGIS = $(QGIS_PYTHON) -c 'import qgis.core' 2>/dev/null && command -v qgis.bin >/dev/null \
  && command -v qgis_process.bin >/dev/null && command -v xvfb-run >/dev/null

qgis:
	@{ $(HAS_QGIS); } \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	       && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	            qgis python3-qgis python3-venv xvfb xauth >/dev/null && $(HAS_QGIS); } \
	  || { echo "NO QGIS here, and apt may not install it: THE PLUGIN IS NOT TESTED."; [ "$$CI" != true ]; }

has-qgis:
	@$(HAS_QGIS)

# In QGIS's own Python, which the other packages would break.
$(VENV_QGIS)/tested:
	$(QGIS_PYTHON) -m venv --system-site-packages $(VENV_QGIS)
	$(VENV_QGIS)/bin/python -m pip install --quiet "pytest>=8" "pytest-qgis>=2"
	@touch $@

test-qgis: $(VENV)/tested qgis
	@if $(HAS_QGIS); then \
	  $(MAKE) --no-print-directory $(VENV_QGIS)/tested && cd tests/qgis \
	  && SAR_COLORIZE_TEST_PYTHON=$(abspath $(BIN)/python) $(abspath $(VENV_QGIS)/bin/python) -m pytest; fi

# The same tests in a newer QGIS, that of Debian's suite QGIS_SUITE (trixie: 3.40). Not in `make test`: it needs root,
# debootstrap, 3 GB, and once some minutes to install.
QGIS_SUITE ?= trixie
QGIS_RELEASE ?= .qgis-release

test-qgis-release: $(VENV)/tested
	$(BIN)/python tools/qgis_release.py --suite $(QGIS_SUITE) --folder $(QGIS_RELEASE)

# One thread for each worker: more threads than cores are slower than one.
test: lint browser toolbox
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)
	@$(MAKE) --no-print-directory test-qgis

# The folder's name in QGIS is not the library's, which it would hide. clone.txt: where Make an environment finds sar-colorize.
plugin:
	@folder=$$(mktemp -d) && mkdir -p $(PLUGIN_DIR) && cp -r qgis_plugin $$folder/sar_colorize_qgis \
	  && echo "$(CURDIR)" > $$folder/sar_colorize_qgis/clone.txt \
	  && find $$folder -name __pycache__ -prune -exec rm -r {} + \
	  && cd $$folder && $(PYTHON) -m zipfile -c $(abspath $(PLUGIN_DIR))/sar_colorize_qgis.zip sar_colorize_qgis \
	  && rm -r $$folder && echo "$(PLUGIN_DIR)/sar_colorize_qgis.zip: install it in QGIS, Plugins, Install from ZIP."

package: $(VENV)/tested
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

$(VENV)/released: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[release]"
	@touch $@

# What the wheel is installed with here, in CycloneDX's format, and checksums of all that is handed out.
sbom: $(VENV)/released package
	$(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml --output-file dist/sbom.json \
	  $(BIN)/python
	cd dist && sha256sum *.whl sbom.json > SHA256SUMS && cat SHA256SUMS

# Not in `make test`: it needs an advisory service on the network, and says so where none answers.
audit: $(VENV)/released
	$(BIN)/python tools/audit.py

attack: $(VENV)/tested
	$(BIN)/python -m tools.attack --seconds $(ATTACK_SECONDS) --jobs $(ATTACK_JOBS) --out $(ATTACK_OUT) \
	  $(if $(ATTACK_SEED),--seed $(ATTACK_SEED)) --rasters $(RASTERS) --products $(PRODUCTS) --options $(OPTIONS) \
	  --kills $(KILLS) --disks $(DISKS) --clusters $(CLUSTERS) --servers $(SERVERS)

# MONAI without what it asks for: torch and NumPy are here, and that is all that its sliding window needs.
benchmark: $(VENV)/tested toolbox
	@$(BIN)/python -m pip install --quiet --no-deps monai || echo "MONAI cannot be installed here, and is left out."
	$(BIN)/python benchmarks/speed.py --page docs/benchmarks.md

clean:
	rm -rf $(VENV) $(VENV_QGIS) $(QGIS_RELEASE) build dist demo attack *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
