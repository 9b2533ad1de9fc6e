# Everything runs from a virtual environment in .venv, made from hashed lock files: requirements/app.lock for running,
# requirements/dev.lock (the same versions and more) for testing.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
UV_COMPILE := build/uv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header
export PYTHONPATH := $(CURDIR)
export UV_SYSTEM_CERTS := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-reset test check bench widget package screenshots lock

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/app.stamp ## Run everything with pretended vendors: server, worker, a clinic's website, the desktop
	@$(PYTHON) packaging/system-packages run
	@exec $(PYTHON) -m server demo

demo-reset: $(VENV)/app.stamp ## Forget the demo's data
	@exec $(PYTHON) -m server demo --reset

test: $(VENV)/dev.stamp ## Install what tests need, check the code, run every test
	@$(PYTHON) packaging/system-packages test
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m pytest -n 2 --dist loadgroup $(PYTEST)

check: $(VENV)/dev.stamp node_modules/.stamp ## Look at the code without running it: style, types, room borders
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy --strict server shared desktop
	$(VENV)/bin/lint-imports
	node_modules/.bin/tsc -p booking_widget

bench: $(VENV)/app.stamp ## Measure speed, one JSON object a line; ONLY=slots runs one
	@exec $(PYTHON) -m bench $(ONLY)

widget: $(VENV)/dev.stamp node_modules/.stamp ## Bundle the booking page's modules, after a change to them
	@$(PYTHON) packaging/bundle-widget

package: $(VENV)/dev.stamp ## Build the desktop into dist/frontdesk-desktop
	$(VENV)/bin/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build/pyinstaller packaging/frontdesk-desktop.spec
	@echo "Trying it: it must open its window, and close with status 0 when told to after five seconds"
	@QT_QPA_PLATFORM=offscreen XDG_CONFIG_HOME=$(CURDIR)/build timeout --preserve-status 5 dist/frontdesk-desktop/frontdesk-desktop
	@du -sh dist/frontdesk-desktop

screenshots: $(VENV)/dev.stamp ## Take the README's pictures from a demo of their own
	@$(PYTHON) packaging/system-packages test
	@exec $(PYTHON) docs/screenshots.py

lock: build/uv/bin/uv ## Choose newer versions within pyproject.toml's limits and write the lock files
	$(UV_COMPILE) --upgrade --group dev --output-file requirements/dev.lock
	$(UV_COMPILE) --upgrade --constraint requirements/dev.lock --output-file requirements/app.lock

# A stamp is written only after pip has succeeded, so a failed installation is tried again.
$(VENV)/app.stamp: requirements/app.lock | $(PYTHON)
	@echo "Installing what Frontdesk runs on (about a minute at the first time)"
	@$(PIP_INSTALL) --requirement requirements/app.lock
	@touch $@

$(VENV)/dev.stamp: requirements/dev.lock | $(PYTHON)
	@echo "Installing what Frontdesk and its tests run on (about a minute at the first time)"
	@$(PIP_INSTALL) --requirement requirements/dev.lock
	@touch $@

$(PYTHON):
	@for name in python3.11 python3 python3.12 python3.13 python3.14; do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'Frontdesk needs Python 3.11 or newer. On Debian: apt-get install python3 python3-venv' >&2; exit 1; \
	fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "This Python cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; \
	fi; \
	$$found -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }

node_modules/.stamp: package-lock.json .npmrc
	npm ci --no-progress
	@touch $@

build/uv/bin/uv: | $(PYTHON)
	@$(PYTHON) -m venv --clear build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv || { rm -rf build/uv; exit 1; }
