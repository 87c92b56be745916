# Every verb installs what it lacks and says so. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/evaluate
SECONDS_ARGUMENT := $(if $(filter command line environment,$(origin SECONDS)),--seconds $(SECONDS))

.PHONY: help setup run test check bench evaluate ablation compose replay archive models docs footage lock clean

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  e.g.  make run SECONDS=60 SUMMARY=summary.json    make run FOOTAGE='clip.mp4 folder/'"
	@echo "        make evaluate CORPUS=DIR OUT=DIR            make replay SOURCE=clip.mp4"

$(VENV)/.ready: requirements/dev.lock pyproject.toml
	@echo "setting up $(VENV) from requirements/dev.lock (about a minute, once)"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 is needed for the locked environment, this is " + sys.version.split()[0] + "; set PYTHON=python3.11") if sys.version_info[:2] != (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## install the locked environment into .venv

run: setup ## the main job on embedded defaults (SECONDS=, SUMMARY=, FOOTAGE=, CAMERA=rtsp://..., BROKER=host:port)
	@$(BIN)/python -m tools.demo.local $(SECONDS_ARGUMENT) \
	  $(if $(SUMMARY),--summary "$(SUMMARY)") $(if $(FOOTAGE),--footage $(FOOTAGE)) $(foreach one,$(CAMERA),--camera '$(one)') \
	  $(if $(CAMERA_USER),--camera-username "$(CAMERA_USER)") \
	  $(if $(CAMERA_PASSWORD_FILE),--camera-password-file "$(CAMERA_PASSWORD_FILE)") $(if $(BROKER),--broker $(BROKER))

# Two more than there are cores, for whoever waits for a real part leaves his core to the others.
TESTS_AT_ONCE ?= 4
# A file's tests share what they start; files are begun in the order of pyproject.toml.
BY_FILE := --dist loadfile --no-loadscope-reorder
# Hundreds of processes start, each compiles what it imports unless somebody has kept it.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest
test: setup ## unit tests and those on real brokers, stores, models and daemons (about twelve minutes on two cores)
	@tools/system_packages
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r requirements/systemd.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pachyderm.lock
	@$(MAKE) --no-print-directory -j2 check-code run-tests

.PHONY: run-tests
run-tests:
	@$(PYTEST) -n $(TESTS_AT_ONCE) $(BY_FILE)

check: setup check-code ## the quick part: format, lint, types, layers, unit tests
	@$(PYTEST) -q tests/unit tests/contract -m "not slow" -n auto

# All of it computes: one for each core.
SCENES_AT_ONCE ?= 2
.PHONY: test-scenes
test-scenes: setup ## whole nights, composed scenes, footage and archives, from edge to cloud (about ten minutes)
	@tools/system_packages
	@$(PYTEST) tests/scenes -n $(SCENES_AT_ONCE) $(BY_FILE)

# Most of it waits, so more run at once than there are cores; a file of one long test, such
# as the soak, comes last, when the cores are its own.
FAULTS_AT_ONCE ?= 4
.PHONY: test-faults
test-faults: setup ## kills, outages, broken networks, stores and disks, on real parts (about 20 minutes)
	@tools/system_packages faults
	@$(PYTEST) tests/faults -n $(FAULTS_AT_ONCE) --dist loadfile --timeout 1800

.PHONY: test-browser
test-browser: setup ## the console's pages in a real Chromium, by keyboard, held against axe (about three minutes)
	@tools/system_packages browser
	@$(PYTEST) tests/browser

.PHONY: fuzz
fuzz: setup ## hostile bytes into everything that reads bytes (SECONDS=, SEED=, ONLY="jpeg png ...", OUT=DIR)
	@$(BIN)/python -m tools.fuzz $(SECONDS_ARGUMENT) $(if $(SEED),--seed "$(SEED)") $(if $(ONLY),--only $(ONLY)) \
	  $(if $(filter command line environment,$(origin OUT)),--out "$(OUT)")

.PHONY: check-code
check-code:
	@$(BIN)/ruff format --check --quiet . || { echo "run '$(BIN)/ruff format .'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo 2>&1 | tail -n 8

bench: setup ## cost of each stage, pipeline beside the bare interpreter
	@$(BIN)/python -m tools.evaluation.bench $(if $(JSON),--json "$(JSON)")

.PHONY: bench-bridge
bench-bridge: setup ## processor time, memory and reconnecting of the bridge, beside ffmpeg if it is installed (SECONDS= per figure)
	@tools/system_packages
	@$(BIN)/python -m tools.evaluation.bench.bridge $(SECONDS_ARGUMENT)

.PHONY: bench-fleet
bench-fleet: setup ## many gateways at one broker: births, a configuration for all, a restart (GATEWAYS=50; docs/scale.md has 1000)
	@tools/system_packages
	@$(BIN)/python -m tools.evaluation.bench.fleet $(if $(GATEWAYS),--gateways "$(GATEWAYS)")

evaluate: setup ## events found, false alarms, and a page of both, over a labelled corpus (CORPUS=DIR OUT=DIR)
	@test -n "$(CORPUS)" || { echo "say which: make evaluate CORPUS=DIR [OUT=DIR]"; exit 2; }
	@$(BIN)/python -m tools.evaluation.evaluate "$(CORPUS)" "$(OUT)"

ablation: setup ## what each stage adds and costs: evaluate once per stage switched off or on (CORPUS=DIR OUT=DIR, ALONE=1)
	@test -n "$(CORPUS)" || { echo "say which: make ablation CORPUS=DIR [OUT=DIR]"; exit 2; }
	@$(BIN)/python -m tools.evaluation.ablation "$(CORPUS)" "$(OUT)" $(if $(ALONE),--alone)

compose: setup ## composed scenes with exact labels, for evaluate (OUT=DIR, HOURS=, SCENES=, WALKERS=, PAUSE=, SEED=, STORE=1)
	@test -n "$(filter command line environment,$(origin OUT))" || { echo "say where: make compose OUT=DIR"; exit 2; }
	@$(BIN)/python -m tools.evaluation.compose "$(OUT)" $(if $(HOURS),--hours "$(HOURS)") $(if $(SCENES),--scenes $(SCENES)) \
	  $(if $(WALKERS),--walkers "$(WALKERS)") $(if $(PAUSE),--pause "$(PAUSE)") \
	  $(if $(SEED),--seed "$(SEED)") $(if $(STORE),--store)

ORACLE := $(VENV)-oracle
HOME_ASSISTANT := $(VENV)-home-assistant
# Its versions with device discovery need Python 3.13: a minute or four, 700 MB, once.
HOME_ASSISTANT_PYTHON ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.13.*/bin/python) python3.13)
.PHONY: home-assistant
home-assistant: setup ## our devices in a whole Home Assistant, and held against its own schemas (HOME_ASSISTANT_PYTHON=python3.13)
	@tools/system_packages
	@test -x $(HOME_ASSISTANT)/bin/python || $(HOME_ASSISTANT_PYTHON) -m venv $(HOME_ASSISTANT)
	@$(HOME_ASSISTANT)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/home-assistant.lock
	@$(PYTEST) -q tests/unit/edge/home_assistant tests/system/test_home_assistant.py \
	  tests/system/test_whole_home_assistant.py

.PHONY: tracking
tracking: setup ## identities on scenes known exactly, beside norfair and ByteTrack
	@test -x $(ORACLE)/bin/python || $(PYTHON) -m venv $(ORACLE)
	@$(ORACLE)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/oracle.lock
	@$(BIN)/python -m tools.evaluation.tracking --oracle $(ORACLE)/bin/python

replay: setup ## one video or folder through the edge's path (SOURCE=, VIDEO=seen.mp4, REPORT=seen.html)
	@test -n "$(SOURCE)" || { echo "say what: make replay SOURCE=clip.mp4"; exit 2; }
	@$(BIN)/python -m edge replay "$(SOURCE)" $(if $(VIDEO),--video "$(VIDEO)") $(if $(REPORT),--report "$(REPORT)")

.PHONY: same-replay
same-replay: setup ## whether moved or renamed code replays byte for byte as the commit before (BASE=REV, NEW=REV, RENAMED="old=new ...", FOOTAGE=, CORPUS=DIR, ONLY=, LIMIT=)
	@test -n "$(BASE)" || { echo "say since when: make same-replay BASE=REV [NEW=REV]"; exit 2; }
	@$(BIN)/python -m tools.evaluation.same_replay "$(BASE)" $(if $(NEW),"$(NEW)") $(if $(RENAMED),--renamed $(RENAMED)) \
	  $(if $(FOOTAGE),--footage $(FOOTAGE)) $(if $(CORPUS),--corpus "$(CORPUS)") $(if $(ONLY),--only $(ONLY)) $(if $(LIMIT),--limit "$(LIMIT)")

archive: setup ## the four batch stages over a folder of pictures (IN=DIR OUT=DIR, RULES=, MODEL=)
	@test -n "$(IN)" -a -n "$(filter command line environment,$(origin OUT))" || { echo "say which: make archive IN=DIR OUT=DIR [RULES=FILE] [MODEL=NAME]"; exit 2; }
	@$(BIN)/python -m tools.demo.archive "$(IN)" "$(OUT)" $(if $(RULES),--rules "$(RULES)") $(if $(MODEL),--model "$(MODEL)")

# From a bare base in var/images, as root; BASE= takes another base, PUSH=HOST/PREFIX pushes.
IMAGES := $(PYTHON) -m tools.build.images build
IMAGE_OPTIONS = $(if $(BASE),--base "$(BASE)") $(if $(PUSH),--push "$(PUSH)")

.PHONY: image-amd64 image-arm64 image-bridge images test-images
image-amd64: ## the edge's container image for x86-64 (BASE=, PUSH=)
	@$(IMAGES) edge-amd64 $(IMAGE_OPTIONS)

image-arm64: ## the edge's container image for 64-bit ARM, emulated where need be (BASE=, PUSH=)
	@$(IMAGES) edge-arm64 $(IMAGE_OPTIONS)

image-bridge: ## the bridge's container image for x86-64 (BASE=, PUSH=)
	@$(IMAGES) bridge-amd64 $(IMAGE_OPTIONS)

images: ## all images: edge and bridge for both architectures, cloud, cloud-slim, console (PUSH=)
	@$(IMAGES) edge-amd64 edge-arm64 bridge-amd64 bridge-arm64 cloud cloud-slim console $(if $(PUSH),--push "$(PUSH)")

test-images: setup ## images and deployments, built and run (root; about half an hour)
	@tools/system_packages deploy
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/pachyderm.lock
	@$(BIN)/python -m pytest tests/images
	@eval "$$($(PYTHON) -m tools.build.images names)" && $(BIN)/python -m pytest tests/deploy

models: setup ## rebuild the shipped models from their pinned sources and check them
	@$(BIN)/python -m tools.build.models

footage: setup ## rebuild the sample footage, the drawn people, and the picture of zones in docs
	@$(BIN)/python -m tools.demo.footage
	@$(BIN)/python -m tools.evaluation.make_bodies
	@$(BIN)/python -m tools.build.references.picture

docs: setup ## generated documents: settings, topics, messages, metrics, commands, classes, events
	@$(BIN)/python -m edge.config.document
	@$(BIN)/python -m cloud.document
	@$(BIN)/python -m bridge.document
	@$(BIN)/python -m tools.build.references
	@$(BIN)/python -m tools.build.schemas

.PHONY: audit
audit: setup ## locked versions against known vulnerabilities (ADVISORIES=osv.dev's all.zip, else the index is asked)
	@$(BIN)/python -m tools.build.audit $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

lock: ## renew requirements/*.lock (needs uv)
	@tools/lock

clean: ## remove what was made here: environment, caches, runs
	@rm -rf $(VENV) $(ORACLE) $(HOME_ASSISTANT) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis var out
