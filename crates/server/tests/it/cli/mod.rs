//! The program as people and scripts use it.

mod commands;
mod credentials;
mod dev;
mod dialects;
mod keys;
mod people;
mod serve;
