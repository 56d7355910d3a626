//! Why a request was refused, in words that help.

mod code;

#[cfg(test)]
mod tests;
