# Two commands matter: `make app` and `make test`; `make check` says in a fraction of the time what a change to
# the code has broken. Each sets up all that it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app check unit test pytest lint dev bench kernels clean
.DELETE_ON_ERROR:

app: .venv/app.txt
	$(BIN)/streamlit run app.py

# Reload on every change of a file; off otherwise, because a reload would leave two engines running.
dev: .venv/app.txt
	$(BIN)/streamlit run app.py --server.fileWatcherType=auto --server.runOnSave=true

# Two processes, each with whole files in the order of pyproject.toml's testpaths.
PYTEST := $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

# All of it, or one part: `make test PART=tests/unit/latent`.
PART ?=

# Types are checked by one process: the tests need not wait for it.
test: .venv/chromium.txt
	$(MAKE) --no-print-directory --jobs=2 lint pytest

pytest: .venv/tests.txt
	$(PYTEST) $(PART)

# What needs neither a browser nor processes of its own.
check: .venv/tests.txt
	$(MAKE) --no-print-directory --jobs=2 lint unit

unit: .venv/tests.txt
	$(PYTEST) tests/unit -m "not process"

lint: .venv/tests.txt
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deno fmt --check --quiet
	$(BIN)/deno lint --quiet
	$(BIN)/deno check --quiet assets/explorer

bench: .venv/chromium.txt
	$(BIN)/python -m bench

# After a change of kernels.c. The compiler takes 400 MB: it comes into a folder of its own, and for nothing else.
kernels: build/kernels.txt
	build/kernels/bin/python assets/explorer/decode/kernels/build.py

build/kernels.txt: assets/explorer/decode/kernels/requirements.txt
	$(PYTHON) -m venv build/kernels
	build/kernels/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	cp $< $@

clean:
	rm -rf build/kernels build/kernels.txt .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/app.txt: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	cp requirements.txt $@

.venv/tests.txt: tests/requirements.txt vae_core/exchange/requirements.txt .venv/app.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	cp tests/requirements.txt $@

# The browser tests need a Chromium: one that is here, else Debian's where apt may, else Playwright's own.
.venv/chromium.txt: .venv/tests.txt
	command -v chromium || command -v google-chrome \
	  || (command -v apt-get && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium) \
	  || (command -v apt-get && sudo -n apt-get update -qq && sudo -n apt-get install -y -qq chromium) \
	  || $(BIN)/python -m playwright install --with-deps chromium || $(BIN)/python -m playwright install chromium
	date > $@
