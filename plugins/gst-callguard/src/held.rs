//! Something of the engine's that the streaming thread holds: a panic in it costs the thing, not the stream.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// It panicked, and is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panicked;

/// Nothing, or something that is only touched where its panics are caught.
#[derive(Debug)]
pub(crate) struct Held<T>(Option<T>);

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Held<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn put(&mut self, it: T) {
        self.clear();
        self.0 = Some(it);
    }

    pub(crate) fn clear(&mut self) {
        let it = self.0.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(it)));
    }

    pub(crate) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// `Ok(None)`: nothing is held.
    pub(crate) fn with<R>(&mut self, run: impl FnOnce(&mut T) -> R) -> Result<Option<R>, Panicked> {
        let Some(it) = self.0.as_mut() else { return Ok(None) };
        catch_unwind(AssertUnwindSafe(|| run(it))).map(Some).map_err(|_| {
            self.clear();
            Panicked
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Explosive(bool);

    impl Drop for Explosive {
        fn drop(&mut self) {
            assert!(!self.0, "in the drop");
        }
    }

    #[test]
    fn a_panic_costs_the_thing_and_nothing_else() {
        let mut held = Held::default();
        assert_eq!(held.with(|_: &mut Explosive| 1), Ok(None));
        held.put(Explosive(true));
        assert_eq!(held.with(|_| 1), Ok(Some(1)));
        assert_eq!(held.with(|_| -> i32 { panic!("in the work") }), Err(Panicked));
        assert!(held.is_empty());
        held.put(Explosive(true));
        held.put(Explosive(false));
        assert_eq!(held.with(|it| it.0), Ok(Some(false)), "also where what was there before panics in its drop");
    }
}
