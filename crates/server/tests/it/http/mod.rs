//! The listener: connections and their limits, hosts, documents, isolation, stopping, and how soon changes are in force.

mod changes;
mod connections;
mod documents;
mod ending;
mod hosts;
mod isolation;
mod keys;
mod leaks;
mod limits;
mod previous;
mod quotas;
mod standards;
mod stopping;
