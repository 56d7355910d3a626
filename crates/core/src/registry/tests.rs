//! Every operation with its audit row, its refusals and its limits.

mod audit;
mod clients;
mod configuration;
mod entitlement;
mod leaks;
mod limits;
mod objects;
mod promotion;
mod quotas;
mod revocations;
mod rotation;
mod secrets;

/// Runs a task on a runtime of its own.
fn block_on<T>(task: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(task)
}

/// Runs a task for each number, all at once.
fn at_once(count: u8, task: impl Fn(u8) + Sync) {
    std::thread::scope(|scope| {
        for number in 0..count {
            let task = &task;
            scope.spawn(move || task(number));
        }
    });
}
