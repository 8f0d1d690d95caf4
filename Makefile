# Every target runs from any folder: `make -C callguard demo`.
SHELL := /bin/bash
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
# A shell that has not read ~/.cargo/env still finds a toolchain installed by rustup.
export PATH := $(PATH):$(HOME)/.cargo/bin
# `make setup GPU=1`: also ONNX Runtime with CUDA.
GPU ?=
# `make demo INPUT=call.mp4`: guard a recording of one's own instead of the demo's two callers.
INPUT ?=
# `make demo CAMERA=/dev/video0`: guard a camera, until Ctrl-C.
CAMERA ?=
# `make train-voice DATA=folder`: the training data.
DATA ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench soak lint fmt doc plugin train-voice train-face-detector train-face train-replay evaluate evaluate-face evaluate-replay clean

help: ## list the targets
	@echo "Callguard: a real-time liveness and deepfake guard for calls"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing (quick when nothing is); GPU=1 adds CUDA
	@GPU='$(GPU)' $(ROOT)/scripts/setup.sh

demo: setup ## guard three live callers, two of them impostors; INPUT=call.mp4 or CAMERA=/dev/video0 guards your own
	@INPUT='$(INPUT)' CAMERA='$(CAMERA)' $(ROOT)/scripts/demo/run.sh

test: setup ## format, lint, unit, property, harness, end-to-end, doc and simulation tests
	@$(ROOT)/scripts/test.sh

bench: setup ## measure: the decision, the models, the elements
	@$(ROOT)/scripts/bench.sh

soak: setup ## watch four calls whose senders fail at random for half an hour; MINUTES=5 SEED=1 are others
	@cd $(ROOT) && MINUTES='$(or $(MINUTES),30)' SEED='$(or $(SEED),8)' cargo test --locked --package callguard-e2e --test soak -- --ignored --nocapture

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

train-face-detector: setup ## train the model that finds faces from DATA (hours, minutes with a GPU; resumable)
	@$(ROOT)/models/training/train_face_detector.sh '$(DATA)'

train-face: setup ## train the face-forgery model from DATA (hours; resumable)
	@$(ROOT)/models/training/train_face.sh '$(DATA)'

train-replay: setup ## train the face-replay model from DATA (hours; resumable)
	@$(ROOT)/models/training/train_replay.sh '$(DATA)'

evaluate: setup ## measure the shipped voice model and rewrite its card's tables
	@$(ROOT)/models/evaluate/evaluate.sh '$(DATA)'

evaluate-face: setup ## measure the shipped face-forgery model and rewrite its card's tables
	@$(ROOT)/models/evaluate/evaluate_face.sh '$(DATA)'

evaluate-replay: setup ## measure the shipped face-replay model and rewrite its card's tables
	@$(ROOT)/models/evaluate/evaluate_replay.sh '$(DATA)'

clean: ## remove everything that was built or fetched
	@rm -rf $(ROOT)/target
