# `make demo` shows the paper's phenomenon, `make check` is for while you work, `make test` runs all.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt
# More than there are cores is slower: the workers that tests wait for run with a low priority.
PROCESSES ?= 2

# Tests start hundreds of Pythons; without compiled modules each of them takes three times as long.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo install develop check test lint package docs benchmarks reliability clean

demo: install
	$(BIN)/gensweep launch sweeps/quickstart.toml

install: $(VENV)/.installed

develop: $(VENV)/.developed

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable .
	touch $@

$(VENV)/.developed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint $(CONSTRAINTS) --editable ".[dev]"
	touch $(VENV)/.installed $@

PYTEST := $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

check: lint
	$(PYTEST) -m "not slow"

test: lint
	$(PYTEST)

lint: develop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tests/mypy.ini --cache-dir .mypy_cache/tests
	$(BIN)/lint-imports

package: develop
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m pytest tests/packaging

docs: develop
	$(BIN)/python -m pytest tests/test_documentation.py tests/test_questions.py tests/test_cookbook.py

benchmarks: install
	$(BIN)/python benchmarks/startup.py
	$(BIN)/python benchmarks/answers.py
	$(BIN)/python benchmarks/orchestration.py
	$(BIN)/python benchmarks/training_loop.py
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/ranks.py
	$(BIN)/python benchmarks/theory.py
	$(BIN)/python benchmarks/image_storage.py

reliability: develop
	$(BIN)/python benchmarks/chaos.py --rounds 20 --kills 3
	$(BIN)/python benchmarks/chaos.py --rounds 5 --kills 3 --seed 7 --bucket
	$(BIN)/python benchmarks/scale.py
	$(BIN)/python benchmarks/hostile_sweeps.py
	$(BIN)/python benchmarks/hostile_archives.py
	$(BIN)/python benchmarks/hostile_folders.py
	$(BIN)/python benchmarks/hostile_sql.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
