//! One keep-alive connection with at most one request in flight.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use crate::answer::{Answer, parse};
use crate::failure::{Done, Failure, fail};

/// A request that was sent and not answered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    /// When it was meant to be sent.
    pub(super) due: Duration,
    /// When it was.
    pub(super) sent: Duration,
}

/// What became of a look at a connection.
pub(super) enum Progress<'a> {
    /// Nothing yet.
    Waiting,
    /// The answer to the request in flight.
    Answered(Flight, Answer<'a>),
}

#[derive(Debug)]
pub(super) struct Connection {
    address: SocketAddr,
    token: Token,
    stream: TcpStream,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    /// How many bytes of `input` the last answer took.
    answered: usize,
    flight: Option<Flight>,
    /// How many answers came since connecting.
    answers: u64,
    close: bool,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, token: Token, registry: &Registry) -> Done<Self> {
        Ok(Self {
            address,
            token,
            stream: connect(address, token, registry)?,
            output: Vec::new(),
            written: 0,
            input: Vec::new(),
            answered: 0,
            flight: None,
            answers: 0,
            close: false,
        })
    }

    pub(super) fn flight(&self) -> Option<Flight> {
        self.flight
    }

    /// Sends a request that `push` appends.
    pub(super) fn send(&mut self, flight: Flight, registry: &Registry, push: impl FnOnce(&mut Vec<u8>)) -> Done<()> {
        if self.close {
            self.reconnect(registry)?;
        }
        self.output.clear();
        self.written = 0;
        push(&mut self.output);
        self.flight = Some(flight);
        self.write(registry)
    }

    /// Reads and writes what can be read and written now.
    pub(super) fn look(&mut self, scratch: &mut [u8], registry: &Registry) -> Done<Progress<'_>> {
        self.input.drain(..self.answered);
        self.answered = 0;
        if self.written < self.output.len() {
            self.write(registry)?;
        }
        if !self.read(scratch, registry)? {
            return Ok(Progress::Waiting);
        }
        let Some(answer) = parse(&self.input)? else { return Ok(Progress::Waiting) };
        let Some(flight) = self.flight.take() else { return fail!("the server sent an answer that nobody asked for") };
        self.answered = answer.length;
        self.answers += 1;
        self.close = answer.close;
        Ok(Progress::Answered(flight, answer))
    }

    /// Whether anything came that is not looked at yet.
    fn read(&mut self, scratch: &mut [u8], registry: &Registry) -> Done<bool> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => {
                    self.closed_by_server(registry)?;
                    return Ok(false);
                }
                Ok(length) => {
                    self.input.extend_from_slice(scratch.get(..length).unwrap_or_default());
                    // A short read has emptied the socket; whatever comes later is a new event.
                    if length < scratch.len() {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(!self.input.is_empty()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    self.closed_by_server(registry)?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn write(&mut self, registry: &Registry) -> Done<()> {
        while self.written < self.output.len() {
            match self.stream.write(self.output.get(self.written..).unwrap_or_default()) {
                Ok(length) => self.written += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                    return self.closed_by_server(registry);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// A server may close a connection that is idle, and a request may cross with that: it is sent again, once. Its waiting
    /// time goes on counting.
    fn closed_by_server(&mut self, registry: &Registry) -> Done<()> {
        if self.flight.is_none() {
            self.close = true;
            return Ok(());
        }
        if self.answers == 0 || !self.input.is_empty() {
            return Err(Failure("the server closed the connection instead of answering".to_owned()));
        }
        self.reconnect(registry)?;
        self.written = 0;
        self.write(registry)
    }

    fn reconnect(&mut self, registry: &Registry) -> Done<()> {
        registry.deregister(&mut self.stream)?;
        self.stream = connect(self.address, self.token, registry)?;
        self.input.clear();
        self.answered = 0;
        self.answers = 0;
        self.close = false;
        Ok(())
    }
}

/// Connects, which takes a moment on this machine, and then never blocks again.
fn connect(address: SocketAddr, token: Token, registry: &Registry) -> Done<TcpStream> {
    let stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(20))
        .map_err(|error| Failure(format!("{address}: {error}")))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}
