"""A small HTTP/1.1 server with keep-alive: one thread for each connection, one write for each answer.

Werkzeug's own server spends more time on a request's head than moto's handlers spend on the call itself.
"""

import http.client
import socket
import socketserver
import sys
import threading
import traceback
from urllib.parse import unquote

LINE_BYTES_MAX = 65536
NO_BODY_STATUS = (204, 304)
# The connection that this thread serves.
_serving = threading.local()


def client_gone():
    """Whether the client of this thread's request has closed its connection: nobody would read the answer."""
    connection = getattr(_serving, "connection", None)
    if connection is None:
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


class Call:
    """One HTTP request.  `headers` has lower-case names; `raw_headers` is as sent."""

    __slots__ = ("method", "target", "path", "query", "headers", "raw_headers", "body", "host")

    def __init__(self, method, target, raw_headers, body):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.raw_headers = raw_headers
        self.headers = {name.lower(): value for name, value in raw_headers}
        self.body = body
        self.host = self.headers.get("host", "localhost")

    def environ(self, body_stream):
        """The request as WSGI wants it, for the parts of moto that run under Flask or werkzeug."""
        name, _, port = self.host.partition(":")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(self.path, "latin-1"),
            "QUERY_STRING": self.query,
            "RAW_URI": self.target,
            "REQUEST_URI": self.target,
            "SERVER_NAME": name,
            "SERVER_PORT": port or "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body_stream,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.raw_headers:
            key = name.upper().replace("-", "_")
            if key == "TRANSFER_ENCODING":
                continue  # the body is already put together
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = "HTTP_" + key
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ["CONTENT_LENGTH"] = str(len(self.body))
        return environ


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    rbufsize = 65536

    def handle(self):
        _serving.connection = self.request
        try:
            while self._serve_one():
                pass
        except (ConnectionError, socket.timeout, ValueError):
            pass  # the client went away, or does not speak HTTP

    def _serve_one(self):
        line = self.rfile.readline(LINE_BYTES_MAX)
        if not line:
            return False
        if line == b"\r\n":
            return True
        method, target, version = line.decode("latin-1").split()
        raw_headers = []
        while (line := self.rfile.readline(LINE_BYTES_MAX)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            raw_headers.append((name, value.strip()))
        call = Call(method, target, raw_headers, b"")
        call.body = self._read_body(call.headers)
        try:
            status, headers, body = self.server.application(call)
        except Exception:  # a bug of the emulator is the client's 500, and is told on stderr
            traceback.print_exc()
            status, headers, body = 500, {}, b"emulator error, see its standard error"
        keep = version == "HTTP/1.1" and call.headers.get("connection", "").lower() != "close"
        self._answer(method, status, headers, body, keep)
        return keep

    def _read_body(self, headers):
        if headers.get("expect", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("transfer-encoding", "").lower():
            chunks = []
            while size := int(self.rfile.readline(LINE_BYTES_MAX).split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline(LINE_BYTES_MAX)
            while self.rfile.readline(LINE_BYTES_MAX) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(chunks)
        return self.rfile.read(int(headers.get("content-length") or 0))

    def _answer(self, method, status, headers, body, keep):
        if isinstance(body, str):
            body = body.encode("utf-8")
        head = [f"HTTP/1.1 {status} {http.client.responses.get(status, 'Unknown')}"]
        length = str(len(body))
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            lower = name.lower()
            if lower == "content-length":
                # A HEAD answer tells the length of the body that it does not have.
                length = value if method == "HEAD" else length
            elif lower not in ("connection", "status", "transfer-encoding"):
                head.append(f"{name}: {value}")
        if status not in NO_BODY_STATUS:
            head.append(f"Content-Length: {length}")
        if not keep:
            head.append("Connection: close")
        text = "\r\n".join(head) + "\r\n\r\n"
        self.request.sendall(text.encode("latin-1", "replace") + (b"" if method == "HEAD" else body))


class Server(socketserver.ThreadingTCPServer):
    """`application(call) -> (status, headers, body)` on host:port; port 0 lets the system choose."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host, port, application):
        super().__init__((host, port), _Connection)
        self.application = application

    def handle_error(self, request, client_address):
        traceback.print_exc()
