//! Choices from bytes: the same bytes make the same choices, and fewer or smaller bytes make simpler ones.

/// Takes choices from bytes, one after the other; where they end, every choice is the first.
pub struct Draw<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Draw<'b> {
    /// From these bytes.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        let byte = self.bytes.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        usize::from(byte) % count.max(1)
    }

    /// Seldom true: once in `count`.
    pub fn rarely(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }

    /// One of a list.
    pub fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        let at = self.below(list.len());
        list[at]
    }
}
