//! How much memory things take, for caches that are bounded by it.

/// The counts before a value that is behind an `Arc`.
const ARC_COUNTS: usize = 2 * size_of::<usize>();

/// What is held behind an `Arc` and knows its size.
pub(super) trait Footprint: Sized {
    /// What it owns on the heap, itself not counted.
    fn owned_bytes(&self) -> usize;

    /// What it takes behind an `Arc` of its own.
    fn shared_bytes(&self) -> usize {
        heap_bytes(ARC_COUNTS + size_of::<Self>()) + self.owned_bytes()
    }
}

/// What the allocator takes for a request of so many bytes: its own eight before them, in steps of 16, and 32 at least.
pub(super) fn heap_bytes(requested: usize) -> usize {
    if requested == 0 { 0 } else { (requested + 8).next_multiple_of(16).max(32) }
}

/// A text behind an `Arc`, as names are.
pub(super) fn name_bytes(name: &str) -> usize {
    heap_bytes(ARC_COUNTS + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_come_in_the_allocators_steps() {
        let taken = [0, 1, 24, 25, 40, 41, 104].map(heap_bytes);
        assert_eq!(taken, [0, 32, 32, 48, 48, 64, 112]);
    }
}
