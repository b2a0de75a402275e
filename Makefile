# Two commands do everything: make demo, make test.
PYTHON ?= python3
BIN := .venv/bin
APT := ffmpeg tesseract-ocr libzbar0

.PHONY: help demo demo-queue queue test check test-services check-training goldens picture messages scoring bench samples lock clean system

help: ## Explain the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/runtime ## Install what is missing, score a sample video, say where its report is
	@mkdir -p reports/demo
	@$(BIN)/parcelproof score sample_media/main.mp4 --case sample_media/case.toml --role packing_video --report reports/demo

demo-queue: .venv/develop ## Start a local queue and two workers, score a sample bucket, end (installs rabbitmq-server)
	@$(MAKE) --no-print-directory system APT=rabbitmq-server
	@mkdir -p reports
	@$(BIN)/python -m sample_media.queue

queue: .venv/develop ## The same, and leave it running until Ctrl-C
	@$(MAKE) --no-print-directory system APT=rabbitmq-server
	@mkdir -p reports
	@$(BIN)/python -m sample_media.queue --keep

test: .venv/develop ## Install what is missing, then run make check
	@$(MAKE) --no-print-directory check

check: ## Format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m 'not services'

test-services: .venv/develop ## Tests on real servers (installs postgresql, rabbitmq-server, redis-server)
	@$(MAKE) --no-print-directory system APT="postgresql rabbitmq-server redis-server"
	$(BIN)/python -m pytest -q -m services

check-training: .venv/training ## The same for training/, a project of its own (installs torch)
	$(BIN)/ruff format --check training
	$(BIN)/ruff check training
	$(BIN)/mypy --config-file training/pyproject.toml
	$(BIN)/python -m pytest -q -n auto --dist worksteal -c training/pyproject.toml --rootdir . training/tests

goldens: .venv/develop ## Write the golden reports anew; read their diff
	REFRESH_GOLDENS=1 $(BIN)/python -m pytest -q -n auto tests/test_goldens.py tests/test_worked_cases.py

picture: .venv/develop ## Show a sample report in Chromium, write docs/report.png (installs chromium)
	@$(MAKE) --no-print-directory system APT=chromium
	$(BIN)/python -m sample_media.picture

messages: .venv/develop ## Collect every sentence for translators
	$(BIN)/python -m pipeline.wording.extract

scoring: .venv/develop ## Work out docs/scoring.md anew from packs and cards
	$(BIN)/python -m bench.scoring

bench: .venv/develop ## CPU of score over bare decoding, by stage and detector
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements-bench.txt
	$(BIN)/python -m bench.speed

samples: .venv/develop ## Draw the sample media again (byte-identical)
	$(BIN)/python -m sample_media.draw
	$(BIN)/python -m sample_media.draw_cases

lock: ## Pin all dependencies anew
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --upgrade -o requirements.lock pyproject.toml
	$(BIN)/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header --no-annotate --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

clean: ## Remove everything that was built or installed here
	rm -rf .venv build dist reports .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

system: # Debian packages; each run is a quick look unless one is missing
	@missing=""; for name in $(APT); do dpkg -s $$name >/dev/null 2>&1 || missing="$$missing $$name"; done; \
	if [ -n "$$missing" ]; then \
	  as=""; [ "$$(id -u)" = 0 ] || as="sudo"; \
	  if [ -n "$$as" ] && ! sudo -n true 2>/dev/null && ! [ -t 0 ]; then \
	    echo "Missing Debian packages. Run: sudo apt-get install -y --no-install-recommends$$missing"; exit 69; fi; \
	  if [ -n "$$as" ] && ! command -v sudo >/dev/null; then \
	    echo "Missing Debian packages. As root, run: apt-get install -y --no-install-recommends$$missing"; exit 69; fi; \
	  echo "Installing$$missing"; $$as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as apt-get install -y -qq --no-install-recommends$$missing >/dev/null; fi

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/runtime: requirements.lock pyproject.toml | system .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/develop: requirements-dev.lock .venv/runtime | system
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.lock
	@touch $@

.venv/training: training/requirements-trees.lock training/requirements-networks.lock .venv/develop
	$(BIN)/python -m pip install -q --disable-pip-version-check -r training/requirements-trees.lock -r training/requirements-networks.lock
	@touch $@
