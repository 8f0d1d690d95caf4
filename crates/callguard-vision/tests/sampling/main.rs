//! Sampling: any part of any raw picture comes out as it was drawn.

mod checks;
mod crops;
mod golden;
mod pictures;
mod properties;
mod shapes;
