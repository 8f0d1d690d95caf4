//! A picture that is lent to the analysis: a reference, until a worker has copied it.

use std::sync::Arc;

use callguard_engine::{FrameBuffer, PictureFormat};

use super::shape::Shape;

pub(super) struct Lent {
    pub buffer: gst::Buffer,
    pub shape: Arc<Shape>,
}

impl FrameBuffer for Lent {
    fn copy(&self, to: &mut Vec<u8>) -> Result<PictureFormat, String> {
        let format = self.shape.of(&self.buffer)?;
        to.clear();
        to.reserve(self.buffer.size());
        // One by one: mapped as a whole, several memories would be joined in a copy of their own. Offsets count through all of them.
        for memory in self.buffer.iter_memories() {
            let map = memory.map_readable().map_err(|e| e.to_string())?;
            to.extend_from_slice(&map);
        }
        Ok(format)
    }
}
