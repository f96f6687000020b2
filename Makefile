# `make demo` and `make test` are all a newcomer needs; both set up .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_SCENES ?= 8
DEMO_DIR ?= demo
WORKERS ?= 2
# Other people's readers and judges of our datasets. Their metadata contradict each other and us (old numpy, another
# OpenCV), so each gets a folder of its own beside .venv's packages, with exactly what its list names.
DEVKITS := $(patsubst tests/devkits/%.txt,$(VENV)/devkits/%,$(wildcard tests/devkits/*.txt))
# The environments that ours are measured beside, for the same reason.
PEERS := $(patsubst benchmarks/peers/%.txt,$(VENV)/peers/%,$(wildcard benchmarks/peers/*.txt))
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test check bench learn clean

$(VENV)/.run: pyproject.toml
	@echo "Setting up $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
		{ echo "OddRoad needs Python 3.11 to 3.14, which $(PYTHON) is not: name one, as in make demo PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --progress-bar on --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Installing the tools for tests and checks (once)"
	@$(BIN)/python -m pip install --quiet --progress-bar on --editable '.[dev]'
	@touch $@

define install_aside
@echo "Installing $* beside our packages (once)"
@rm -rf $@ $@.part
@$(BIN)/python -m pip install --quiet --no-deps --no-compile --only-binary :all: --target $@.part -r $< \
  && mv $@.part $@ && touch $@ || { rm -rf $@.part; echo "$* cannot be installed here: it is left out"; }
endef

$(VENV)/devkits/%: tests/devkits/%.txt | $(VENV)/.dev
	$(install_aside)

$(VENV)/peers/%: benchmarks/peers/%.txt | $(VENV)/.dev
	$(install_aside)

demo: $(VENV)/.run  ## 8 edge-case scenes, a dataset and a page to look at
	@$(BIN)/oddroad demo --scenes $(DEMO_SCENES) --out $(DEMO_DIR) --workers $(WORKERS)

test: $(VENV)/.dev $(DEVKITS)  ## the whole suite
	@$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/.dev  ## style, types, architecture
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev $(PEERS)  ## speed, beside the peers
	@$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@$(BIN)/python -m benchmarks raycast
	@$(BIN)/python -m benchmarks frame
	@$(BIN)/python -m benchmarks roads
	@$(BIN)/python -m benchmarks dynamics
	@$(BIN)/python -m benchmarks gym
	@$(BIN)/python -m benchmarks traffic

learn: $(VENV)/.run  ## a driver learned by Stable-Baselines3 in 10 minutes, and its curve
	@$(BIN)/python -m pip install --quiet --editable '.[learn]'
	@$(BIN)/python -m benchmarks.learn

clean:
	rm -rf $(VENV) $(DEMO_DIR) .mypy_cache .ruff_cache .pytest_cache .hypothesis
