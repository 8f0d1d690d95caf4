//! The call: queues, workers and fusion of one call.
