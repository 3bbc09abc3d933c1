//! The process of name servers (`tests/python/dns_server.py`), and what it is told to answer.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

/// The servers, for as long as this lives.
pub(crate) struct Server {
    child: Child,
    /// Open until the end: the process ends when it is closed.
    _stdin: ChildStdin,
    control: SocketAddr,
    pub(crate) port: u16,
}

/// Something asked of one of the servers: server, name, type, transport.
pub(crate) type Asked = (String, String, String, String);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Server {
    pub(crate) fn start() -> Self {
        let python = root().join("target/python/bin/python");
        assert!(
            python.exists(),
            "{} is not there; make it: python3 -m venv target/python && target/python/bin/pip install -r \
             tests/python/requirements.txt",
            python.display()
        );
        let mut command = Command::new(python);
        command.arg(root().join("tests/python/dns_server.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the name servers start");
        let stdin = child.stdin.take().expect("piped");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let control = ready["control"].as_str().and_then(|url| url.strip_prefix("http://")).expect("a URL");
        let port = ready["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { child, _stdin: stdin, control: control.parse().expect("an address"), port }
    }

    fn call(&self, method: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.control).expect("the control answers");
        write!(stream, "{method} / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(" 200 "), "{answer}");
        serde_json::from_str(body).expect("JSON")
    }

    pub(crate) fn put(&self, document: &Value) {
        self.call("PUT", &document.to_string());
    }

    pub(crate) fn addresses(&self) -> BTreeMap<String, IpAddr> {
        let answer = self.call("GET", "");
        let servers = answer["servers"].as_object().expect("an object").iter();
        servers.map(|(name, address)| (name.clone(), address.as_str().unwrap().parse().unwrap())).collect()
    }

    pub(crate) fn queries(&self) -> Vec<Asked> {
        serde_json::from_value(self.call("GET", "")["queries"].clone()).expect("queries")
    }

    /// Asks the resolver for the address of `name`, and waits for whatever it says.
    pub(crate) fn ask_resolver(&self, name: &str) {
        // Header: id, RD, one question; then the name, type A, class IN (RFC 1035 section 4.1).
        let mut query = vec![0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).expect("a label"));
            query.extend(label.bytes());
        }
        query.extend([0, 0, 1, 0, 1]);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        socket.send_to(&query, self.resolver()).expect("sent");
        socket.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
        socket.recv(&mut [0; 512]).expect("an answer");
    }

    pub(crate) fn resolver(&self) -> SocketAddr {
        SocketAddr::new([127, 0, 0, 1].into(), self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A record set.
pub(crate) fn set(name: &str, record_type: &str, values: &[&str]) -> Value {
    json!({"name": name, "type": record_type, "ttl": 60, "values": values})
}

/// A zone.
pub(crate) fn zone(name: &str, servers: &[&str], records: &[Value]) -> Value {
    json!({"name": name, "name_servers": servers, "records": records})
}
