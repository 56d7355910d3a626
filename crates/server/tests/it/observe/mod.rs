//! What a node tells those who operate it: metrics, health, and what dashboard and alerts make of them.

mod exposed;
mod files;
mod health;
mod herd;
mod listener;
mod traces;
