//! As much HTTP/1.1 as the emulators and the proxy need: whole messages, read and written by hand over blocking sockets.
//!
//! By hand because the proxy must be able to cut, hold and reset a message, which a library takes pains to prevent.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest start line with headers, in bytes. Signed requests have some 2 KiB.
const HEAD_BYTES_MAX: u64 = 65_536;
/// The longest body, in bytes: twice the longest batch of SQS or EventBridge. A Lambda payload has no more in these tests.
pub const BODY_BYTES_MAX: usize = 2 * 1_048_576;
/// How long a socket may be silent, in seconds: longer than the longest long poll (SQS: 20).
const SILENCE_SECONDS_MAX: u64 = 90;

/// A request or a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The request line or the status line, without its line end.
    pub start: String,
    /// Names as they came, and values.
    pub headers: Vec<(String, String)>,
    /// The body, without the framing of chunks.
    pub body: Vec<u8>,
}

impl Message {
    /// A reply with this status and body. Its length is written with it.
    #[must_use]
    pub fn reply(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { start: format!("HTTP/1.1 {status} {}", reason(status)), headers, body: body.into() }
    }

    /// A request. Its length is written with it.
    #[must_use]
    pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { start: format!("{method} {target} HTTP/1.1"), headers, body: body.into() }
    }

    /// The first header of this name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Method and target of a request.
    #[must_use]
    pub fn method_and_target(&self) -> (&str, &str) {
        let mut words = self.start.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// Status of a reply; 0 when the line has none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
    }

    /// The bytes of the head. `content-length` is the body's, unless the message has none and says how long it would be
    /// (the reply to `HEAD`).
    #[must_use]
    pub fn head(&self) -> Vec<u8> {
        let said = self.header("content-length").filter(|_| self.body.is_empty()).map(str::to_owned);
        let length = said.unwrap_or_else(|| self.body.len().to_string());
        let mut head = format!("{}\r\n", self.start);
        let framing = ["content-length", "transfer-encoding", "connection", "keep-alive", "trailer", "expect"];
        for (name, value) in self.headers.iter().filter(|(name, _)| !framing.contains(&&*name.to_ascii_lowercase())) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !matches!(self.status(), 204 | 304) {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Writes the whole message.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)?;
        stream.flush()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        413 => "Payload Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Reads a head; the body is still empty. None when the peer closed between messages.
///
/// # Errors
/// Those of the socket, and what is no head.
pub fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut reader = reader.take(HEAD_BYTES_MAX);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return if lines.is_empty() { Ok(None) } else { Err(bad("the head ends early")) };
        }
        let line = line.trim_end_matches(['\r', '\n']);
        match (line.is_empty(), lines.is_empty()) {
            // A robust reader skips an empty line before a start line (RFC 9112, 2.2).
            (true, true) => {}
            (true, false) => break,
            (false, _) => lines.push(line.to_owned()),
        }
    }
    let mut lines = lines.into_iter();
    let start = lines.next().unwrap_or_default();
    let header = |line: String| {
        line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).ok_or(line)
    };
    let headers = lines.map(header).collect::<Result<Vec<_>, _>>().map_err(|line| bad(&line))?;
    Ok(Some(Message { start, headers, body: Vec::new() }))
}

/// Reads the body that belongs to a head. Without a length, a request has none and a reply goes on to the end.
///
/// # Errors
/// Those of the socket, a body that ends early, and one above [`BODY_BYTES_MAX`].
pub fn read_body(reader: &mut impl BufRead, message: &mut Message, to_end: bool) -> io::Result<()> {
    if message.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return read_chunks(reader, &mut message.body);
    }
    let length = message.header("content-length").map(|text| text.parse::<usize>().map_err(|_| bad("content-length")));
    match length.transpose()? {
        Some(length) => take(reader, length, &mut message.body),
        None if to_end => {
            reader.take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut message.body)?;
            if message.body.len() > BODY_BYTES_MAX { Err(bad("the body is too long")) } else { Ok(()) }
        }
        None => Ok(()),
    }
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let line = read_line(reader)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        match usize::from_str_radix(size, 16).map_err(|_| bad("no chunk size"))? {
            0 => break,
            size => take(reader, size, body)?,
        }
        if !read_line(reader)?.is_empty() {
            return Err(bad("a chunk is longer than it says"));
        }
    }
    // Trailers, up to the empty line.
    while !read_line(reader)?.is_empty() {}
    Ok(())
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.take(HEAD_BYTES_MAX).read_line(&mut line)? == 0 {
        return Err(bad("the body ends early"));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn take(reader: &mut impl BufRead, length: usize, body: &mut Vec<u8>) -> io::Result<()> {
    if body.len().saturating_add(length) > BODY_BYTES_MAX {
        return Err(bad("the body is too long"));
    }
    let read = reader.take(length as u64).read_to_end(body)?;
    if read == length { Ok(()) } else { Err(bad("the body ends early")) }
}

/// Reads a whole request, telling a client that waits for it to go on. None when the client closed.
///
/// # Errors
/// Those of the socket, and what is no request.
pub fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Message>> {
    let Some(mut message) = read_head(reader)? else { return Ok(None) };
    if message.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    read_body(reader, &mut message, false)?;
    Ok(Some(message))
}

/// Sends one request over a new connection and reads the whole reply.
///
/// # Errors
/// Those of the socket, and what is no reply.
pub fn exchange(address: SocketAddr, request: &Message) -> io::Result<Message> {
    let mut stream = connect(address)?;
    let mut bytes = request.head();
    // Before the empty line that ends the head.
    bytes.truncate(bytes.len().saturating_sub(2));
    if request.header("host").is_none() {
        bytes.extend_from_slice(format!("host: {address}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"connection: close\r\n\r\n");
    bytes.extend_from_slice(&request.body);
    stream.write_all(&bytes)?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut reply = read_head(&mut reader)?.ok_or_else(|| bad("no reply"))?;
        if reply.status() == 100 {
            continue;
        }
        if request.method_and_target().0 != "HEAD" && !matches!(reply.status(), 204 | 304) {
            read_body(&mut reader, &mut reply, true)?;
        }
        return Ok(reply);
    }
}

/// A connection that does not wait for ever.
///
/// # Errors
/// Those of the socket.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    patient(&stream)?;
    Ok(stream)
}

fn patient(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(SILENCE_SECONDS_MAX)))?;
    stream.set_write_timeout(Some(Duration::from_secs(SILENCE_SECONDS_MAX)))
}

/// What the threads of a server share.
#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    open: Mutex<BTreeMap<u64, TcpStream>>,
}

/// Takes a connection off the list, also when its thread panics: a descriptor held there keeps the connection open.
struct Leave(Arc<Shared>, u64);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// A server on a free port of the loopback, one thread a connection. Dropped, it closes every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves each connection with `serve`.
    ///
    /// # Errors
    /// No port is free.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (seen, serve) = (Arc::clone(&shared), Arc::new(serve));
        let accepting = std::thread::spawn(move || {
            for (id, stream) in (0..).zip(listener.incoming()) {
                if seen.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let Ok(handle) = stream.try_clone() else { continue };
                if patient(&stream).is_ok() {
                    seen.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id, handle);
                    let (serve, leave) = (Arc::clone(&serve), Leave(Arc::clone(&seen), id));
                    std::thread::spawn(move || {
                        serve(stream);
                        drop(leave);
                    });
                }
            }
        });
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Serves each request with `answer`, keeping connections open.
    ///
    /// # Errors
    /// No port is free.
    pub fn answering(answer: impl Fn(&Message) -> Message + Send + Sync + 'static) -> io::Result<Self> {
        Self::start(move |stream| {
            let mut reader = BufReader::new(stream);
            while let Ok(Some(request)) = read_request(&mut reader) {
                if answer(&request).write(reader.get_mut()).is_err() {
                    return;
                }
            }
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for stream in self.shared.open.lock().unwrap_or_else(PoisonError::into_inner).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Message>, String> {
        let mut reader = BufReader::new(text.as_bytes());
        let mut messages = Vec::new();
        while let Some(mut message) = read_head(&mut reader).map_err(|error| error.to_string())? {
            read_body(&mut reader, &mut message, false).map_err(|error| error.to_string())?;
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn bodies_have_the_length_their_framing_says() {
        for (text, bodies) in [
            ("GET / HTTP/1.1\r\n\r\n", Ok(vec![""])),
            ("A / B\r\ncontent-length: 2\r\n\r\nabGET / B\r\n\r\n", Ok(vec!["ab", ""])),
            (
                "A / B\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nt: u\r\n\r\nA / B\n\n",
                Ok(vec!["abcde", ""]),
            ),
            ("\r\nA / B\r\n\r\n", Ok(vec![""])),
            ("A / B\r\ncontent-length: 3\r\n\r\nab", Err("the body ends early")),
            ("A / B\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab", Err("the body ends early")),
            ("A / B\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabc\r\n", Err("a chunk is longer than it says")),
            ("A / B\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", Err("no chunk size")),
            ("A / B\r\ncontent-length: -1\r\n\r\n", Err("content-length")),
            ("A / B\r\ncontent-length: 2097153\r\n\r\n", Err("the body is too long")),
            ("A / B\r\nno colon\r\n\r\n", Err("no colon")),
            ("A / B\r\n", Err("the head ends early")),
        ] {
            let read = read(text).map(|messages| messages.into_iter().map(|it| it.body).collect::<Vec<_>>());
            let expected = bodies.map(|bodies| bodies.into_iter().map(|it| it.as_bytes().to_vec()).collect());
            assert_eq!(read, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_server_keeps_connections_and_closes_them_at_its_end() {
        let server = Server::answering(|request| Message::reply(200, &[], request.body.clone())).expect("a port");
        let mut reader = BufReader::new(connect(server.address()).expect("it listens"));
        for body in ["a".repeat(BODY_BYTES_MAX), String::new(), "b".to_owned()] {
            let request = Message::request("POST", "/", &[("expect", "100-continue")], body.clone());
            request.write(reader.get_mut()).expect("taken");
            let mut reply = read_head(&mut reader).expect("a head").expect("not closed");
            read_body(&mut reader, &mut reply, false).expect("a body");
            assert_eq!(reply.body, body.into_bytes());
        }
        drop(server);
        assert!(matches!(read_head(&mut reader), Ok(None) | Err(_)), "closed");
    }

    #[test]
    fn a_client_that_waits_to_go_on_is_told_to() {
        let server = Server::answering(|request| Message::reply(200, &[], request.body.clone())).expect("a port");
        let mut reader = BufReader::new(connect(server.address()).expect("it listens"));
        reader
            .get_mut()
            .write_all(b"PUT / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
            .expect("taken");
        assert_eq!(read_head(&mut reader).expect("a head").expect("not closed").status(), 100);
        reader.get_mut().write_all(b"ab").expect("taken");
        let mut reply = read_head(&mut reader).expect("a head").expect("not closed");
        read_body(&mut reader, &mut reply, false).expect("a body");
        assert_eq!((reply.status(), reply.body), (200, b"ab".to_vec()));
    }
}
