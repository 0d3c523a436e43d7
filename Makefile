# `make test` passes the tests, `make lint` the style, types and import contracts, `make check` both.
BIN := .venv/bin
PYTHON := $(BIN)/python
# The command and the data folders live beside the package and are mapped into it on install; tools that walk the
# package's folder (types, import contracts) see all of it only in a plain installed copy.
COPY := build/lint

.PHONY: check lint test style types contracts copy bench

check: lint test

lint: style types contracts

style:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

copy:
	rm -rf build
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --target $(COPY) .

types: copy
	cd $(COPY) && ../../$(PYTHON) -m mypy --config-file ../../pyproject.toml --cache-dir ../../.mypy_cache -p edgereason

contracts: copy
	cd $(COPY) && ../../$(BIN)/lint-imports --config ../../pyproject.toml --no-cache

test:
	$(PYTHON) -m pytest

bench:
	$(PYTHON) benchmarks/startup.py
