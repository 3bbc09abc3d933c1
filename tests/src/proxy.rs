//! A proxy between AWS clients and the emulator that does what networks and busy services do, by a seed.
//!
//! It knows how AWS requests are named and how refusals are written; it knows nothing of Reeve. A test counts what was
//! done, and can act at a chosen call: before it is forwarded (`on_call`) or when it is applied and not yet answered
//! (`on_reply`).

pub mod call;
pub mod plan;
mod replies;

pub use call::Call;
pub use plan::{Fault, Plan};

use crate::http::{self, Message, Server};
use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a hook says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What the plan draws.
    Drawn,
    /// This, whatever the plan draws, and even where the plan would not do it to such a call.
    Do(Fault),
}

/// How often what was done to which operation: `(service, operation, fault)`.
pub type Counts = BTreeMap<(String, String, Fault), u64>;

type OnCall = Arc<dyn Fn(&Call) -> Verdict + Send + Sync>;
type OnReply = Arc<dyn Fn(&Call, &Message) + Send + Sync>;

#[derive(Default)]
struct Book {
    index: u64,
    numbers: BTreeMap<(String, String), u64>,
    counts: Counts,
}

struct Inner {
    upstream: SocketAddr,
    plan: Plan,
    calm: AtomicBool,
    book: Mutex<Book>,
    on_call: Mutex<Option<OnCall>>,
    on_reply: Mutex<Option<OnReply>>,
}

/// A running proxy. Dropped, it closes every connection.
pub struct Proxy {
    inner: Arc<Inner>,
    server: Server,
}

impl Proxy {
    /// Starts a proxy in front of `upstream`.
    ///
    /// Calls are numbered as they arrive: with one client at a time a seed gives the same faults to the same calls; with
    /// several, the same faults to the same places in the order of arrival.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(upstream: SocketAddr, plan: Plan) -> io::Result<Self> {
        let inner = Arc::new(Inner {
            upstream,
            plan,
            calm: AtomicBool::new(false),
            book: Mutex::default(),
            on_call: Mutex::default(),
            on_reply: Mutex::default(),
        });
        let serving = Arc::clone(&inner);
        // A connection's error ends the connection: that is all a client could see of it.
        let server = Server::start(move |stream| drop(serving.serve(stream)))?;
        Ok(Self { inner, server })
    }

    /// The URL that clients use instead of the emulator's.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Asks `hook` about every call before anything is done to it. The hook may act, and take its time.
    pub fn on_call(&self, hook: impl Fn(&Call) -> Verdict + Send + Sync + 'static) {
        *locked(&self.inner.on_call) = Some(Arc::new(hook));
    }

    /// Tells `hook` of every call that was forwarded, with the reply, before the client hears of it.
    pub fn on_reply(&self, hook: impl Fn(&Call, &Message) + Send + Sync + 'static) {
        *locked(&self.inner.on_reply) = Some(Arc::new(hook));
    }

    /// From now on everything passes, but for what `on_call` says.
    pub fn calm(&self) {
        self.inner.calm.store(true, Ordering::SeqCst);
    }

    /// What was done so far, [`Fault::Pass`] included.
    #[must_use]
    pub fn counts(&self) -> Counts {
        locked(&self.inner.book).counts.clone()
    }

    /// How many calls of an operation arrived, whatever was done to them.
    #[must_use]
    pub fn arrived(&self, service: &str, operation: &str) -> u64 {
        let key = (service.to_owned(), operation.to_owned());
        locked(&self.inner.book).numbers.get(&key).copied().unwrap_or_default()
    }

    /// How often a fault was done, over all operations.
    #[must_use]
    pub fn done(&self, fault: Fault) -> u64 {
        locked(&self.inner.book).counts.iter().filter(|((_, _, done), _)| *done == fault).map(|(_, count)| count).sum()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        while let Some(request) = http::read_request(&mut reader)? {
            let call = self.arrive(&request);
            let fault = self.fault(&call);
            self.count(&call, fault);
            if !self.act(fault, &call, &request, reader.get_mut())? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Gives a request its name and numbers.
    fn arrive(&self, request: &Message) -> Call {
        let (service, operation) = call::name(request);
        let (method, _) = request.method_and_target();
        let mut book = locked(&self.book);
        let index = book.index;
        book.index += 1;
        let number = book.numbers.entry((service.clone(), operation.clone())).or_default();
        *number += 1;
        let idempotent = matches!(method, "GET" | "HEAD" | "PUT" | "DELETE");
        Call { service, operation, n: *number, index, idempotent, body: request.body.clone() }
    }

    /// What is done to a call. A fault that such a call cannot meet is none.
    fn fault(&self, call: &Call) -> Fault {
        let hook = locked(&self.on_call).clone();
        if let Some(Verdict::Do(fault)) = hook.map(|hook| hook(call)) {
            return fault;
        }
        if self.calm.load(Ordering::SeqCst) {
            return Fault::Pass;
        }
        let drawn = self.plan.draw(call.index);
        let spared = match drawn {
            Fault::PriorRequest => call.service != "route53" || call.operation != "ChangeResourceRecordSets",
            Fault::Duplicate => !call.idempotent && !self.plan.duplicated.contains(&call.service),
            Fault::Pass
            | Fault::Throttle
            | Fault::InternalError
            | Fault::Unavailable
            | Fault::ResetBefore
            | Fault::ResetAfter
            | Fault::Truncate
            | Fault::Delay => false,
        };
        if spared { Fault::Pass } else { drawn }
    }

    fn count(&self, call: &Call, fault: Fault) {
        let key = (call.service.clone(), call.operation.clone(), fault);
        *locked(&self.book).counts.entry(key).or_default() += 1;
    }

    /// Does it. Says whether the connection goes on.
    fn act(&self, fault: Fault, call: &Call, request: &Message, client: &mut TcpStream) -> io::Result<bool> {
        let reply = match fault {
            Fault::Throttle => replies::throttled(&call.service, call::protocol(&call.service, request)),
            Fault::PriorRequest => replies::prior_request_not_complete(),
            Fault::InternalError => replies::empty(500),
            Fault::Unavailable => replies::empty(503),
            Fault::ResetBefore => return reset(client),
            Fault::ResetAfter => {
                self.forward(call, request)?;
                return reset(client);
            }
            Fault::Truncate => {
                let reply = self.forward(call, request)?;
                return truncate(&reply, client);
            }
            Fault::Delay => {
                std::thread::sleep(Duration::from_millis(self.plan.delay_ms(call.index)));
                self.forward(call, request)?
            }
            Fault::Duplicate => {
                self.forward(call, request)?;
                self.forward(call, request)?
            }
            Fault::Pass => self.forward(call, request)?,
        };
        // The reply to HEAD says a length and has no body; `empty` replies to HEAD are the same.
        reply.write(client)?;
        Ok(!request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")))
    }

    /// Over a connection of its own: a server that closes kept connections would look like a fault nobody drew.
    fn forward(&self, call: &Call, request: &Message) -> io::Result<Message> {
        let mut reply = http::exchange(self.upstream, request)?;
        // The emulator may speak HTTP/1.0, whose replies end the connection.
        if let Some((_, rest)) = reply.start.split_once(' ') {
            reply.start = format!("HTTP/1.1 {rest}");
        }
        let hook = locked(&self.on_reply).clone();
        if let Some(hook) = hook {
            hook(call, &reply);
        }
        Ok(reply)
    }
}

/// Closes with a reset instead of an end: no linger (`SO_LINGER` 0).
fn reset(client: &TcpStream) -> io::Result<bool> {
    socket2::SockRef::from(client).set_linger(Some(Duration::ZERO))?;
    Ok(false)
}

/// Half of the body, or half of the head where there is no body.
fn truncate(reply: &Message, client: &mut TcpStream) -> io::Result<bool> {
    let head = reply.head();
    if reply.body.is_empty() {
        client.write_all(head.get(..head.len() / 2).unwrap_or_default())?;
    } else {
        client.write_all(&head)?;
        client.write_all(reply.body.get(..reply.body.len() / 2).unwrap_or_default())?;
    }
    client.flush()?;
    Ok(false)
}

#[cfg(test)]
mod tests;
