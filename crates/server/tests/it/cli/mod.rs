//! The program as people and scripts use it.

mod audit;
mod commands;
mod configuration;
mod credentials;
mod dashboard;
mod dev;
mod dialects;
mod keys;
mod limits;
mod people;
mod serve;
