#!/usr/bin/env python3
"""Authoritative name servers and one recursive resolver on loopback, in a process of their own. Built on dnslib, which
shares no code with the resolver of the program under test.

Every name server is a socket pair (UDP and TCP) on an address of its own, 127.0.0.2 and up; the recursive resolver is
127.0.0.1. All of them have the same port, so that an address is all that a name has to resolve to.

What they answer is one JSON document, put by `PUT /` or pulled from `--zones URL` (which may also
answer with the list of zones alone, as the AWS emulator's `/_reeve/zones` does):

    {"zones": [{"name": "example.com", "name_servers": ["ns-1.example.net"],
                "records": [{"name": "www.example.com", "type": "A", "ttl": 60, "values": ["192.0.2.1"]}]}],
     "servers": ["ns-3.example.net"], "truncate": false}

A name server is authoritative for the zones that list it; asked for anything else it answers REFUSED, which is what a
lame delegation looks like. `servers` names further ones that hold no zone. A zone without an apex SOA or NS gets them,
with the times that Route 53 writes. `truncate` sets TC on every UDP answer.

The resolver begins at the zones that no other zone of the document holds, asks over the network, follows referrals,
and caches positive and negative answers (RFC 2308). It knows the addresses of the name servers by itself.

On start one line of JSON is printed: `{"port": …, "control": "http://127.0.0.1:…"}`. `GET /` of the control answers
`{"servers": {name: address}, "queries": [[server, name, type, transport], …]}`.
"""

import argparse
import json
import re
import socket
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from dnslib import NS, QTYPE, RCODE, RR, SOA, DNSRecord
from dnslib.server import DNSLogger, DNSServer

SOA_TTL = 900  # Route 53's SOA; a negative answer lives for the lesser of the two (RFC 2308)
SOA_MINIMUM = 86400
NS_TTL = 172800
RESOLVER = "127.0.0.1"
QUIET = "-send,-recv,-request,-reply,-truncated"  # all that dnslib logs but errors
ADDRESSES_PER_BLOCK = 250
STEPS_MAX = 10
QUERY_SECONDS = 2


def canonical(name):
    """Lower case, no dot at the end, no escapes: Route 53 lists `*` as `\\052`."""
    plain = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), str(name))
    return plain.rstrip(".").lower()


def is_in(name, zone):
    return name == zone or name.endswith("." + zone)


class Zone:
    def __init__(self, document):
        self.name = canonical(document["name"])
        self.servers = [canonical(name) for name in document["name_servers"]]
        self.sets = {}
        for it in document.get("records", []):
            owner = canonical(it["name"])
            parsed = [RR.fromZone(f"x. {it['ttl']} IN {it['type']} {value}")[0] for value in it["values"]]
            records = [RR(owner, one.rtype, rdata=one.rdata, ttl=one.ttl) for one in parsed]
            if records:
                self.sets.setdefault((owner, it["type"]), []).extend(records)
        if (self.name, "NS") not in self.sets:
            self.sets[self.name, "NS"] = [RR(self.name, QTYPE.NS, rdata=NS(name), ttl=NS_TTL) for name in self.servers]
        if (self.name, "SOA") not in self.sets:
            times = (1, 7200, 900, 1209600, SOA_MINIMUM)
            soa = SOA(self.servers[0], "hostmaster." + self.name, times)
            self.sets[self.name, "SOA"] = [RR(self.name, QTYPE.SOA, rdata=soa, ttl=SOA_TTL)]

    def cut(self, name):
        """The name servers of the highest delegation at or above `name`, below the zone's own name."""
        labels = name.split(".")
        for start in range(len(labels) - len(self.name.split(".")) - 1, -1, -1):
            found = self.sets.get((".".join(labels[start:]), "NS"))
            if found:
                return found
        return None

    def holds(self, name):
        return any(is_in(owner, name) for owner, _ in self.sets)

    def wildcard(self, name):
        """The name whose records answer for `name` when nothing has that name (RFC 4592)."""
        above = name
        while above != self.name:
            above = above.split(".", 1)[1]
            if self.holds("*." + above):
                return "*." + above
            if self.holds(above):
                return None
        return None

    def answer(self, question, reply):
        name, wanted = canonical(question.qname), QTYPE[question.qtype]
        cut = self.cut(name)
        if cut:
            reply.add_auth(*cut)
            for record in cut:
                reply.add_ar(*self.sets.get((canonical(record.rdata), "A"), []))
            return
        reply.header.aa = 1
        owner = name if self.holds(name) else self.wildcard(name)
        if owner is None:
            reply.header.rcode = RCODE.NXDOMAIN
            reply.add_auth(*self.sets[self.name, "SOA"])
            return
        found = self.sets.get((owner, wanted)) or self.sets.get((owner, "CNAME"), [])
        for record in found:
            reply.add_answer(RR(question.qname, record.rtype, rdata=record.rdata, ttl=record.ttl))
        if not found:
            reply.add_auth(*self.sets[self.name, "SOA"])


class World:
    """What all servers answer from."""

    def __init__(self, url):
        self.url = url
        self.pulled = None
        self.lock = threading.RLock()
        self.port = None
        self.addresses = {}
        self.zones = []
        self.truncate = False
        self.queries = []

    def put(self, document):
        zones = [Zone(zone) for zone in document["zones"] if not zone.get("private")]
        names = [name for zone in zones for name in zone.servers]
        names += [canonical(name) for name in document.get("servers", [])]
        with self.lock:
            for name in names:
                if name not in self.addresses:
                    high, low = divmod(len(self.addresses), ADDRESSES_PER_BLOCK)
                    address = f"127.0.{high}.{low + 2}"
                    serve(address, self.port, Authoritative(self, name))
                    self.addresses[name] = address
            self.zones = zones
            self.truncate = document.get("truncate", False)

    def refresh(self):
        if self.url:
            with urllib.request.urlopen(self.url, timeout=QUERY_SECONDS) as answer:
                body = answer.read()
            with self.lock:
                if body != self.pulled:
                    document = json.loads(body)
                    self.put(document if isinstance(document, dict) else {"zones": document})
                    self.pulled = body

    def note(self, server, request, handler):
        name, wanted = canonical(request.q.qname), QTYPE[request.q.qtype]
        with self.lock:
            self.queries.append([server, name, wanted, handler.protocol])


class Authoritative:
    """One name server."""

    def __init__(self, world, name):
        self.world = world
        self.name = name

    def resolve(self, request, handler):
        self.world.refresh()
        self.world.note(self.name, request, handler)
        reply = request.reply(ra=0, aa=0)
        name = canonical(request.q.qname)
        with self.world.lock:
            held = [zone for zone in self.world.zones if self.name in zone.servers and is_in(name, zone.name)]
            truncate = self.world.truncate and handler.protocol == "udp"
        if not held:
            reply.header.rcode = RCODE.REFUSED
        elif truncate:
            reply.header.tc = 1
        else:
            max(held, key=lambda zone: len(zone.name)).answer(request.q, reply)
        return reply


class Recursive:
    """A resolver that begins at the topmost zones."""

    def __init__(self, world):
        self.world = world
        self.lock = threading.Lock()
        self.answers = {}
        self.cuts = {}

    def resolve(self, request, handler):
        self.world.refresh()
        self.world.note(RESOLVER, request, handler)
        reply = request.reply(ra=1, aa=0)
        name, wanted = canonical(request.q.qname), QTYPE[request.q.qtype]
        address = self.world.addresses.get(name)
        if address:
            if wanted == "A":
                reply.add_answer(*RR.fromZone(f"{name}. 60 IN A {address}"))
            return reply
        found = self.cached(self.answers, (name, wanted))
        if found is None:
            try:
                found = self.walk(name, wanted)
            except (OSError, LookupError) as error:
                complain(f"resolver: {name} {wanted}: {error}")
                reply.header.rcode = RCODE.SERVFAIL
                return reply
        rcode, answer, authority = found
        reply.header.rcode = rcode
        reply.add_answer(*answer)
        reply.add_auth(*authority)
        return reply

    def cached(self, table, key):
        with self.lock:
            value, until = table.get(key, (None, 0))
        return value if time.monotonic() < until else None

    def keep(self, table, key, value, ttl):
        with self.lock:
            table[key] = (value, time.monotonic() + ttl)

    def start(self, name):
        """The nearest servers known: a cached delegation, or those of a topmost zone."""
        above = name
        while above:
            cut = self.cached(self.cuts, above)
            if cut:
                return cut
            above = above.partition(".")[2]
        with self.world.lock:
            zones = self.world.zones
            tops = [zone for zone in zones if not any(it is not zone and is_in(zone.name, it.name) for it in zones)]
        for zone in tops:
            if is_in(name, zone.name):
                return zone.servers
        raise LookupError("no hint")

    def walk(self, name, wanted):
        servers = self.start(name)
        for _ in range(STEPS_MAX):
            reply = self.ask(servers, name, wanted)
            if reply.header.aa:
                ttl = min((record.ttl for record in reply.rr), default=None)
                if ttl is None:
                    soa = next(record for record in reply.auth if record.rtype == QTYPE.SOA)
                    ttl = min(soa.ttl, soa.rdata.times[4])
                found = (reply.header.rcode, reply.rr, reply.auth if not reply.rr else [])
                self.keep(self.answers, (name, wanted), found, ttl)
                return found
            cut = [record for record in reply.auth if record.rtype == QTYPE.NS]
            if not cut:
                raise LookupError("neither an answer nor a referral")
            servers = [canonical(record.rdata) for record in cut]
            self.keep(self.cuts, canonical(cut[0].rname), servers, cut[0].ttl)
        raise LookupError("too many referrals")

    def ask(self, servers, name, wanted):
        said = []
        for server in servers:
            address = self.world.addresses.get(server)
            if not address:
                said.append(f"{server}: no address")
                continue
            query = DNSRecord.question(name, wanted)
            query.header.rd = 0
            for tcp in (False, True):
                packet = query.send(address, self.world.port, tcp=tcp, timeout=QUERY_SECONDS)
                reply = DNSRecord.parse(packet)
                if not reply.header.tc:
                    break
            if reply.header.rcode in (RCODE.NOERROR, RCODE.NXDOMAIN):
                return reply
            said.append(f"{server}: {RCODE[reply.header.rcode]}")
        raise LookupError("; ".join(said))


def complain(line):
    print(line, file=sys.stderr, flush=True)


def serve(address, port, resolver):
    for tcp in (False, True):
        DNSServer(
            resolver,
            address=address,
            port=port,
            tcp=tcp,
            logger=DNSLogger("-error,-send,-recv,-request,-reply,-truncated"),
        ).start_thread()


def free_port():
    """A port that is free for UDP and TCP on the first address, and so most likely on all of them."""
    for _ in range(100):
        with (
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        ):
            tcp.bind((RESOLVER, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((RESOLVER, port))
            except OSError:
                continue
            return port
    raise OSError("no port is free for UDP and TCP")


def control(world):
    class Control(BaseHTTPRequestHandler):
        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            with world.lock:
                self.answer(200, {"servers": world.addresses, "queries": world.queries})

        def do_PUT(self):
            try:
                world.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            except Exception as error:  # told to the test, which fails with it
                self.answer(400, {"error": repr(error)})
            else:
                self.answer(200, {})

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer((RESOLVER, 0), Control)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{RESOLVER}:{server.server_port}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="UDP and TCP port of all servers; 0: any that is free")
    parser.add_argument("--zones", help="where to pull the document from before each answer")
    arguments = parser.parse_args()
    world = World(arguments.zones)
    world.port = arguments.port or free_port()
    serve(RESOLVER, world.port, Recursive(world))
    print(json.dumps({"port": world.port, "control": control(world)}), flush=True)
    # It ends with its parent: standard input is a pipe that nobody writes to.
    sys.stdin.read()


if __name__ == "__main__":
    main()
