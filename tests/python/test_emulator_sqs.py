"""SQS as recorded: visibility, handles, dead letters, FIFO groups, many threads."""

import http.client
import json
import threading
import time
import unittest

from emulator_case import DNS, MASTER, EmulatorCase


class Sqs(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.sqs = self.client("sqs", DNS)
        self.url, self.arn = self.queue(DNS, "inbox")

    def receive(self, url=None, **more):
        return self.sqs.receive_message(QueueUrl=url or self.url, **more).get("Messages", [])

    def delete(self, message):
        return self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def test_a_stale_handle_is_taken_and_deletes_nothing(self):
        self.sqs.send_message(QueueUrl=self.url, MessageBody="x")
        (first,) = self.receive(VisibilityTimeout=0)
        (second,) = self.receive()
        self.delete(first)
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        self.assertEqual(attributes["ApproximateNumberOfMessagesNotVisible"], "1")
        visibility = {"QueueUrl": self.url, "VisibilityTimeout": 0}
        self.refused(
            "InvalidParameterValue",
            self.sqs.change_message_visibility,
            ReceiptHandle=first["ReceiptHandle"],
            **visibility,
        )
        self.sqs.change_message_visibility(ReceiptHandle=second["ReceiptHandle"], **visibility)
        (third,) = self.receive(MessageSystemAttributeNames=["All"])
        self.assertEqual(third["Attributes"]["ApproximateReceiveCount"], "3")
        self.assertEqual({m["MessageId"] for m in (first, second, third)}, {first["MessageId"]})
        self.delete(third)
        self.delete(third)
        self.assertEqual(self.receive(), [])
        self.refused("ReceiptHandleIsInvalid", self.sqs.delete_message, QueueUrl=self.url, ReceiptHandle="x")

    def test_a_long_poll_ends_with_the_message(self):
        timer = threading.Timer(0.2, lambda: self.sqs.send_message(QueueUrl=self.url, MessageBody="x"))
        timer.start()
        self.assertEqual([m["Body"] for m in self.receive(WaitTimeSeconds=20)], ["x"])
        timer.join()

    def test_a_long_poll_sees_a_message_that_becomes_visible_again(self):
        self.sqs.send_message(QueueUrl=self.url, MessageBody="x")
        self.receive(VisibilityTimeout=1)
        self.assertEqual(self.receive(), [])
        self.assertEqual([m["Body"] for m in self.receive(WaitTimeSeconds=20)], ["x"])

    def test_a_client_that_dies_in_a_long_poll_takes_no_message_with_it(self):
        authorization = f"AWS4-HMAC-SHA256 Credential={DNS}/20261121/us-east-1/sqs/aws4_request, Signature=x"
        headers = {"Authorization": authorization, "X-Amz-Target": "AmazonSQS.ReceiveMessage"}
        for _ in range(3):
            poll = http.client.HTTPConnection("127.0.0.1", self.emulator.ready["port"])
            poll.request("POST", "/", json.dumps({"QueueUrl": self.url, "WaitTimeSeconds": 20}), headers)
            # The poll has begun when a later request of another connection is answered; then its client dies.
            self.receive()
            poll.close()
        self.sqs.send_message(QueueUrl=self.url, MessageBody="x")
        (message,) = self.receive(WaitTimeSeconds=20, MessageSystemAttributeNames=["All"])
        self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], "1")

    def test_the_policy_can_be_read_back(self):
        statement = {
            "Sid": "e",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["Policy", "QueueArn"])[
            "Attributes"
        ]
        self.assertEqual((json.loads(attributes["Policy"]), attributes["QueueArn"]), (json.loads(policy), self.arn))

    def test_dead_letters_after_the_allowed_receives(self):
        dead_url, dead_arn = self.queue(DNS, "dead")
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"RedrivePolicy": redrive})
        self.sqs.send_message(QueueUrl=self.url, MessageBody="x")
        for _ in range(2):
            self.assertEqual(len(self.receive(VisibilityTimeout=0)), 1)
        self.assertEqual(self.receive(), [])
        self.assertEqual([m["Body"] for m in self.receive(dead_url)], ["x"])

    def test_fifo_keeps_the_order_of_a_group_and_forgets_no_duplicate(self):
        url, _ = self.queue(DNS, "q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        for body, group in [("1", "a"), ("2", "a"), ("3", "b"), ("1", "a")]:
            self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
        first = self.receive(url, MaxNumberOfMessages=1)
        self.assertEqual([m["Body"] for m in first], ["1"])
        self.assertEqual([m["Body"] for m in self.receive(url, MaxNumberOfMessages=10)], ["3"])
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
        again = self.sqs.send_message(QueueUrl=url, MessageBody="1", MessageGroupId="a")
        self.assertEqual(again["MessageId"], first[0]["MessageId"])
        self.assertEqual([m["Body"] for m in self.receive(url, MaxNumberOfMessages=10)], ["2"])

    def test_batches_and_attributes(self):
        attribute = {
            "a": {"DataType": "String", "StringValue": "v"},
            "b": {"DataType": "Binary", "BinaryValue": b"\0\1"},
        }
        entries = [{"Id": str(n), "MessageBody": str(n), "MessageAttributes": attribute} for n in range(10)]
        self.assertEqual(len(self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)["Successful"]), 10)
        messages = self.receive(MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        self.assertEqual([m["Body"] for m in messages], [str(n) for n in range(10)])
        self.assertEqual(messages[0]["MessageAttributes"], attribute)
        handles = [{"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
        self.assertEqual(len(self.sqs.delete_message_batch(QueueUrl=self.url, Entries=handles)["Successful"]), 10)

    def test_queues_belong_to_an_account(self):
        self.assertEqual(self.sqs.list_queues()["QueueUrls"], [self.url])
        self.assertNotIn("QueueUrls", self.client("sqs", MASTER).list_queues())
        missing = self.refused("AWS.SimpleQueueService.NonExistentQueue", self.sqs.get_queue_url, QueueName="missing")
        self.assertEqual(missing["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_many_threads_lose_nothing_and_get_nothing_twice(self):
        count, got, lock = 200, [], threading.Lock()

        def send(first):
            for number in range(first, count, 4):
                self.sqs.send_message(QueueUrl=self.url, MessageBody=str(number))

        def take():
            end = time.monotonic() + 20
            while len(got) < count and time.monotonic() < end:
                for message in self.receive(MaxNumberOfMessages=3, WaitTimeSeconds=1):
                    self.delete(message)
                    with lock:
                        got.append(message["Body"])

        threads = [threading.Thread(target=send, args=(first,)) for first in range(4)]
        threads += [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(got, key=int), [str(number) for number in range(count)])


if __name__ == "__main__":
    unittest.main()
