use std::sync::Arc;

use http::HeaderValue;
use mintmark_core::random::Random;

const LENGTH: usize = 32;

/// Names one request in its answer and in the log. Always the server's own (rule S5).
#[derive(Clone, Debug)]
pub struct RequestId([u8; LENGTH]);

impl RequestId {
    /// As text.
    pub fn as_str(&self) -> &str {
        // It is made of hexadecimal digits.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As the value of a header.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static("0"))
    }
}

/// Makes request ids: random, so that they tell nothing of how many requests there are.
pub struct RequestIds {
    random: Arc<dyn Random>,
}

impl RequestIds {
    /// Draws ids from here.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Self { random }
    }

    /// The next id.
    pub fn next(&self) -> RequestId {
        let mut bytes = [0; LENGTH / 2];
        self.random.fill(&mut bytes);
        let mut text = [0; LENGTH];
        for (digits, byte) in text.chunks_exact_mut(2).zip(bytes) {
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        RequestId(text)
    }
}

fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + (value - 10) }
}
