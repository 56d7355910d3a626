//! The program as people and scripts use it.

mod commands;
mod dev;
mod dialects;
mod keys;
mod serve;
