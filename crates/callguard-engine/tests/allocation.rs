//! A media thread that pushes does not allocate.
#![allow(missing_docs)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use callguard_core::MediaTime;
use callguard_engine::Flags;
use common::{FORMAT, How, at, engine, eventually, speech};

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Counts what this thread allocates.
struct Counting;

// SAFETY: everything is the system allocator's work; the counter is a plain cell without a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn pushing_does_not_allocate() {
    let engine = engine(How::Says(-1.0));
    let call = engine.live("desk");
    let mut tap = call.audio("line");
    let mut made = 0;
    for (i, block) in speech().chunks(882).enumerate() {
        let from = at(i * 882);
        let before = MADE.get();
        tap.push(block, FORMAT, from, Flags::default());
        // The first second makes the buffers that go round from then on.
        if from > MediaTime::from_millis(1000) {
            made += MADE.get() - before;
        }
        if i % 5 == 4 {
            eventually("the worker keeps up", || tap.stats().waiting == 0);
        }
    }
    assert!(MADE.get() > 0, "the counter counts");
    assert_eq!(made, 0, "allocations of the pushing thread");
    assert!(tap.stats().allocations <= 12, "{:?}", tap.stats());
    eventually("it was heard", || call.snapshot().participants.first().is_some_and(|p| !p.charts.is_empty()));
}
