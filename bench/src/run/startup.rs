//! From the start of the process to the first token, with a database that exists.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use mintmark_verify::Algorithm;

use super::subjects::TOKEN_PATH;
use crate::answer::parse;
use crate::check::Expect;
use crate::clock;
use crate::cores::Cores;
use crate::failure::{Done, Failure, fail};
use crate::identity::Identities;
use crate::interrupt;
use crate::mintmark::Plan;
use crate::process::{Process, free_port};
use crate::requests::{Form, token};
use crate::seed::environment_of;
use crate::url::Url;

const KNOCK_EVERY: Duration = Duration::from_micros(200);
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts a server again and again; each time, milliseconds until a client had its token.
pub(super) fn measure(plan: &Plan<'_>, cores: Cores, times: usize) -> Done<Vec<f64>> {
    (0..times).map(|_| one(plan, cores)).collect()
}

fn one(plan: &Plan<'_>, cores: Cores) -> Done<f64> {
    let ports = [free_port()?, free_port()?, free_port()?];
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports[0]));
    let clients = Identities::of(&environment_of(Algorithm::Es256));
    let request = token(&Url::at(address, TOKEN_PATH), Form::Basic, &clients.id(0), &clients.secret(0)).0;
    let mut process = Plan { ports: Some(ports), ..plan.clone() }.spawn(cores)?;
    let mut stream = connect(address, &mut process)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&request)?;
    let (mut read, mut part) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(answer) = parse(&read)? {
            let time = clock::now().duration_since(process.started);
            Expect::Token.check(&answer).map_err(Failure)?;
            process.stop();
            return Ok(time.as_secs_f64() * 1000.0);
        }
        match stream.read(&mut part)? {
            0 => return fail!("the server closed the connection before its first token"),
            length => read.extend_from_slice(part.get(..length).unwrap_or_default()),
        }
    }
}

/// Knocks until somebody opens.
fn connect(address: SocketAddr, process: &mut Process) -> Done<TcpStream> {
    loop {
        if let Ok(stream) = TcpStream::connect(address) {
            return Ok(stream);
        }
        process.check()?;
        interrupt::check()?;
        if clock::now().duration_since(process.started) > PATIENCE {
            return fail!("the server did not listen within {} s", PATIENCE.as_secs());
        }
        clock::pause(KNOCK_EVERY);
    }
}
