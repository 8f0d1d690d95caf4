//! The ears: samples to speech windows to voice evidence.
