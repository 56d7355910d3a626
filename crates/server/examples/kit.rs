//! Serves the dashboard's `/_kit` alone, for who works on how it looks: `cargo run -p mintmark --example kit`, then open the address
//! that it prints.

use std::error::Error;
use std::sync::Arc;

use mintmark::clock::SystemClock;
use mintmark::dashboard::{AdminApp, routes};

/// Where it listens, unless the first argument says otherwise.
const PORT: &str = "8099";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| PORT.to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let app = AdminApp::new(&origin, true, Arc::new(SystemClock));
    println!("{origin}/_kit");
    axum::serve(listener, routes(&app).with_state(app)).await?;
    Ok(())
}
