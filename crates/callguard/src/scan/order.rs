//! What finishes in any order comes out in the order of its numbers.

use std::collections::BTreeMap;

/// Holds back what is early.
#[derive(Debug)]
pub struct InOrder<T> {
    next: usize,
    early: BTreeMap<usize, T>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self { next: 0, early: BTreeMap::new() }
    }
}

impl<T> InOrder<T> {
    /// Takes number `number` and gives everything whose turn it now is.
    pub fn add(&mut self, number: usize, item: T) -> Vec<T> {
        self.early.insert(number, item);
        let mut ready = Vec::new();
        while let Some(item) = self.early.remove(&self.next) {
            ready.push(item);
            self.next += 1;
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Every order of finishing gives the order of the numbers, each item once, none held back at the end.
        #[test]
        fn any_order_comes_out_in_order(order in proptest::sample::subsequence((0..20usize).collect::<Vec<_>>(), 20).prop_shuffle()) {
            let mut ordered = InOrder::default();
            let out: Vec<usize> = order.iter().flat_map(|n| ordered.add(*n, *n)).collect();
            proptest::prop_assert_eq!(out, (0..20).collect::<Vec<_>>());
        }
    }

    use proptest::prelude::Strategy as _;
}
