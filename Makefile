# `make` alone lists the targets. Everything is idempotent: a second run does only what is missing.

PYTHON ?= python3
export PYTHON

VENV := .venv
BIN := $(VENV)/bin

# What `make run` answers where there is no sound device: recordings that come with the project.
DEMO ?= $(sort $(wildcard tests/data/speech-en/*.flac))

define pull-test-models
@set -e; for profile in tiny starter; do for language in en ko; do \
	$(BIN)/companion models pull --yes --profile $$profile --language $$language; \
done; done
endef

.DEFAULT_GOAL := help
.PHONY: help run test test-fast torture check check-aarch64 bench bench-soundcard bench-echo models setup setup-dev clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 24

run: setup  ## set everything up and talk; without a sound device, answer recordings into out/reply.wav
	$(BIN)/companion models pull --yes
	@if $(BIN)/python -c 'import sounddevice as s; s.check_input_settings(); s.check_output_settings()' 2>/dev/null; then \
		$(BIN)/companion talk; \
	else \
		echo "There is no sound device here: a conversation with recordings instead."; \
		mkdir -p out; \
		$(BIN)/companion talk $(addprefix --input ,$(DEMO)) --output out/reply.wav --events out/events.jsonl; \
	fi

test: setup-dev  ## set everything up and run all tests, real speech through real models included
	$(pull-test-models)
	$(BIN)/python -m pytest

test-fast: setup-dev  ## the tests that need no models, no sound card and little time
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow and not models and not soundcard"

torture: setup-dev  ## kill the memory 1,000 times and fill its disk at every write: nothing acknowledged is lost
	$(BIN)/python tools/torture.py

check: setup-dev  ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check-aarch64: setup  ## ask pip whether everything exists for a Raspberry Pi (64-bit ARM)
	$(BIN)/python tools/check_aarch64.py

bench: setup  ## measure this machine: answer times, recognition errors, clearness of the voice, recall
	$(pull-test-models)
	$(BIN)/companion bench latency
	$(BIN)/companion bench stt
	$(BIN)/companion bench tts
	$(BIN)/companion bench memory

bench-soundcard: setup-dev  ## talk to it on a virtual sound card and measure: gap, interruptions, echo; ARGS="--scene gap -n 40"
	@$(BIN)/companion models pull --yes >&2
	@$(BIN)/python -m tools.bench_soundcard $(ARGS)

bench-echo: setup-dev  ## measure how an owner is heard over our voice in simulated rooms; ARGS="--room 0.4 --echo -6"
	@$(BIN)/companion models pull --yes >&2
	@$(BIN)/python -m tools.bench_echo $(ARGS)

models: setup  ## fetch what the tests use: tiny and starter, English and Korean, 2.3 GB
	$(pull-test-models)

setup: $(VENV)/.setup-run  ## system packages, .venv, the program

setup-dev: $(VENV)/.setup-dev  ## the same, with what the tests and checks need

$(VENV)/.setup-run $(VENV)/.setup-dev: $(VENV)/.setup-%: pyproject.toml tools/bootstrap.sh
	tools/bootstrap.sh $*
	@touch $@

clean:  ## delete .venv, caches and out/; the models stay
	rm -rf $(VENV) out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
