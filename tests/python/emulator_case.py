"""What the emulator's own tests share: an emulator in its own process, clients for any account, error checks."""

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = os.path.dirname(os.path.abspath(__file__))
REGION = "us-east-1"
MASTER, DNS, TEAM, STRANGER = "123456789012", "222222222222", "333333333333", "999999999999"
READY_S_MAX = 60
POLL_S_MAX = 20


class Emulator:
    """A running emulator; `stop` ends it."""

    def __init__(self, **environment):
        self.folder = tempfile.TemporaryDirectory()
        ready = os.path.join(self.folder.name, "ready.json")
        command = [
            sys.executable,
            os.path.join(HERE, "aws_emulator.py"),
            "--port",
            "0",
            "--ready-file",
            ready,
            "--while-stdin",
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )
        end = time.monotonic() + READY_S_MAX
        while not os.path.exists(ready):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the emulator did not start")
            time.sleep(0.01)
        with open(ready, encoding="utf-8") as file:
            self.ready = json.load(file)
        self.endpoint = self.ready["endpoint"]

    def stop(self):
        """Asks it to end, and returns its exit status."""
        self.process.terminate()
        status = self.process.wait(10)
        self.close()
        return status

    def close(self):
        """Frees what this process holds of an emulator that has ended."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.folder.cleanup()

    def control(self, path, body=None, method=None):
        """One call of a control endpoint: (status, answer)."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_reeve/{path}", data, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


class EmulatorCase(unittest.TestCase):
    """One emulator for each class, wiped before each test."""

    environment = {}

    @classmethod
    def setUpClass(cls):
        cls.emulator = Emulator(**cls.environment)
        cls.addClassCleanup(cls.emulator.stop)
        cls.clients = {}

    def setUp(self):
        self.post("reset", {})

    def client(self, service, account=MASTER, region=REGION):
        """A client without retries that speaks for an account: an access key of twelve digits is an account id."""
        key = (service, account, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                service, endpoint_url=self.emulator.endpoint, region_name=region, aws_access_key_id=account,
                aws_secret_access_key="secret", # The server shall judge the input, not boto3.
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )  # fmt: skip
        return self.clients[key]

    def post(self, path, body):
        status, answer = self.emulator.control(path, body)
        self.assertEqual(status, 200, answer)
        return answer

    def get(self, path):
        status, answer = self.emulator.control(path)
        self.assertEqual(status, 200, answer)
        return answer

    def refused(self, code, function, **arguments):
        """The call fails with this code; returns the error as parsed."""
        with self.assertRaises(ClientError) as caught:
            function(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, caught.exception)
        return caught.exception.response

    def until(self, function):
        """The first true answer of `function`, asked again and again."""
        end = time.monotonic() + POLL_S_MAX
        while True:
            answer = function()
            if answer:
                return answer
            self.assertLess(time.monotonic(), end, "nothing came")
            time.sleep(0.01)

    def queue(self, account, name, **attributes):
        """(url, arn) of a new queue."""
        sqs = self.client("sqs", account)
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{account}:{name}"

    def bodies(self, account, url):
        """The texts that a queue holds now; the messages are deleted."""
        sqs = self.client("sqs", account)
        found = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found
