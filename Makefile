# Every target runs from any folder: `make -C callguard demo`.
SHELL := /bin/bash
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
# A shell that has not read ~/.cargo/env still finds a toolchain installed by rustup.
export PATH := $(PATH):$(HOME)/.cargo/bin
# `make setup GPU=1`: also ONNX Runtime with CUDA.
GPU ?=
# `make demo INPUT=call.wav`: guard a recording of one's own instead of the demo's two callers.
INPUT ?=
# `make train-voice DATA=folder`: the training data.
DATA ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench lint fmt doc plugin train-voice evaluate clean

help: ## list the targets
	@echo "Callguard: a real-time liveness and deepfake guard for calls"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (quick when nothing is); GPU=1 adds CUDA
	@GPU='$(GPU)' $(ROOT)/scripts/setup.sh

demo: setup ## guard two live callers, one of them an impostor; INPUT=call.wav guards your own
	@INPUT='$(INPUT)' $(ROOT)/scripts/demo/run.sh

test: setup ## format, lint, unit, property, harness, end-to-end, doc and simulation tests
	@$(ROOT)/scripts/test.sh

bench: setup ## measure: the decision, the models, the elements
	@$(ROOT)/scripts/bench.sh

lint: setup ## formatting, clippy with warnings denied, shell and dependency checks
	@$(ROOT)/scripts/lint.sh

fmt: ## format the code
	@cd $(ROOT) && cargo fmt --all

doc: setup ## build the API documentation
	@cd $(ROOT) && RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked
	@echo "open target/doc/callguard_core/index.html"

plugin: setup ## build libgstcallguard.so and print a gst-launch-1.0 line
	@$(ROOT)/scripts/plugin.sh

train-voice: setup ## train the voice-clone model from DATA (hours; resumable)
	@$(ROOT)/models/training/train_voice.sh '$(DATA)'

evaluate: setup ## measure the shipped model and rewrite its card's tables
	@$(ROOT)/models/evaluate/evaluate.sh '$(DATA)'

clean: ## remove everything that was built or fetched
	@rm -rf $(ROOT)/target
