//! Every operation with its audit row, its refusals and its limits.

mod audit;
mod clients;
mod objects;
mod secrets;
