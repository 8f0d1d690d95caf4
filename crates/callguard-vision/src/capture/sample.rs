//! Samples of a picture, straight from its planes: no full-frame conversion.
