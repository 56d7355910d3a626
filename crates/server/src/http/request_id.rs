use std::sync::Arc;

use http::HeaderValue;
use mintmark_core::random::Random;

/// Names one request in its answer and in the log. Always the server's own (rule S5).
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// As text.
    pub fn as_str(&self) -> &str {
        // It is made of hexadecimal digits.
        self.0.to_str().unwrap_or_default()
    }

    /// As the value of a header.
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
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
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let text = format!("{:032x}", u128::from_be_bytes(bytes));
        RequestId(HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("0")))
    }
}
