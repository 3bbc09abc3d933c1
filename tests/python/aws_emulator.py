#!/usr/bin/env python3
"""Runs the AWS emulator of the end-to-end tests.

usage: aws_emulator.py [--host 127.0.0.1] [--port 0] [--ready-file PATH] [--while-stdin]

Prints `{"port": N, "endpoint": "http://..."}` as one line when it listens, and writes the same into the ready file.
"""

import argparse
import gc
import json
import os
import signal
import sys
import threading
import warnings


def _arguments():
    parser = argparse.ArgumentParser(
        description="AWS emulator for end-to-end tests: moto, put right where Reeve needs it"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, default=0, help="port to listen at; 0 lets the system choose")
    parser.add_argument("--ready-file", help="file to write the real port into, whole, when the server listens")
    parser.add_argument(
        "--while-stdin", action="store_true", help="end when standard input does: a server never outlives its test"
    )
    return parser.parse_args()


def _end_with_stdin():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


def _announce(host, port, ready_file):
    line = json.dumps({"port": port, "endpoint": f"http://{host}:{port}"})
    if ready_file:
        # Whole or not at all: the reader may look at any moment.
        unfinished = f"{ready_file}.{os.getpid()}"
        with open(unfinished, "w", encoding="utf-8") as file:
            file.write(line + "\n")
        os.replace(unfinished, ready_file)
    print(line, flush=True)


def main():
    """Listens until SIGTERM or SIGINT, then leaves at once: nothing here is worth saving."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    if arguments.while_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # A whole hand-over of the interpreter lock costs 5 ms by default; a single call here takes a tenth of that.
    sys.setswitchinterval(0.0005)

    # botocore's model lists not every error code that the service gives; moto warns of each.
    warnings.filterwarnings("ignore", message=".*does not match an error shape.*")

    from emulator import app, core, eventbridge, organizations, route53, ssm, sqs
    from emulator.http import Server

    for module in (core, eventbridge, route53, organizations, ssm, sqs, app):
        module.install()
    # The models of AWS's services are a large heap that lives for ever: the collector need not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    server = Server(arguments.host, arguments.port, app.application)
    _announce(arguments.host, server.server_address[1], arguments.ready_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
