//! The models: ONNX Runtime behind a manifest, owner threads and batches.
