"""EventBridge as recorded: the envelope, other accounts' buses and targets, policies, transformers, dead letters."""

import json
import unittest

from emulator_case import DNS, MASTER, REGION, STRANGER, TEAM, EmulatorCase

KEYS = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
BUS_ARN = f"arn:aws:events:{REGION}:{DNS}:event-bus/gate"


class EventBridge(EmulatorCase):
    environment = {"BUS_POLICY": "1"}

    def setUp(self):
        super().setUp()
        self.events = self.client("events", DNS)
        self.events.create_event_bus(Name="gate")
        self.url, self.arn = self.queue(DNS, "inbox")

    def rule(self, name, target, pattern=None, account=DNS, bus="gate", **more):
        events = self.client("events", account)
        pattern = pattern or {"source": [{"prefix": "corp."}]}
        state = more.pop("State", "ENABLED")
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern), State=state)
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": target, **more}])

    def allow(self, **statement):
        base = {"Sid": "s", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS_ARN}
        policy = {"Version": "2012-10-17", "Statement": [{**base, **statement}]}
        self.events.put_permission(EventBusName="gate", Policy=json.dumps(policy))

    def put(self, account=DNS, bus="gate", detail=None, **more):
        entry = {
            "EventBusName": bus,
            "Source": "corp.team",
            "DetailType": "DNS",
            "Detail": json.dumps(detail or {}),
            **more,
        }
        return self.client("events", account).put_events(Entries=[entry])

    def only(self, url=None, account=DNS):
        (body,) = self.bodies(account, url or self.url)
        return json.loads(body)

    def test_the_envelope_is_awss_byte_for_byte(self):
        self.rule("r", self.arn)
        note = 'naïve <id> <account> "quoted"'
        answer = self.put(detail={"note": note}, Resources=["arn:aws:x"], Time="2026-11-21T21:45:08Z")
        self.assertEqual(answer["FailedEntryCount"], 0)
        (body,) = self.bodies(DNS, self.url)
        self.assertEqual(
            body,
            '{"version":"0","id":"' + answer["Entries"][0]["EventId"] + '","detail-type":"DNS","source":"corp.team",'
            '"account":"222222222222","time":"2026-11-21T21:45:08Z","region":"us-east-1","resources":["arn:aws:x"],'
            '"detail":{"note":"naïve <id> <account> \\"quoted\\""}}',
        )
        self.assertEqual(list(json.loads(body)), KEYS)

    def test_an_event_for_a_bus_of_another_account_keeps_the_senders_account(self):
        self.rule("r", self.arn)
        self.allow()
        self.put(TEAM, BUS_ARN)
        self.assertEqual(self.only()["account"], TEAM)

    def test_a_rule_forwards_to_a_bus_of_another_account_with_the_same_id(self):
        self.rule("r", self.arn)
        self.allow()
        self.rule("fwd", BUS_ARN, account=TEAM, bus="default")
        sent = self.put(TEAM, "default", Resources=["arn:aws:x"])
        event = self.only()
        self.assertEqual((event["account"], event["id"]), (TEAM, sent["Entries"][0]["EventId"]))
        self.assertEqual(event["resources"], ["arn:aws:x"])

    def test_a_rule_delivers_to_a_queue_of_another_account(self):
        self.rule("r", self.arn, account=TEAM, bus="default")
        self.put(TEAM, "default")
        self.assertEqual(self.only()["account"], TEAM)

    def test_a_bus_policy_is_enforced_for_other_accounts_only(self):
        organizations = self.client("organizations")
        org = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.rule("r", self.arn)
        cases = [
            ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": org}}}, MASTER, True),
            ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": org}}}, STRANGER, False),
            ({"Principal": {"AWS": f"arn:aws:iam::{TEAM}:root"}}, TEAM, True),
            ({"Principal": {"AWS": TEAM}}, STRANGER, False),
            ({"Condition": {"StringEquals": {"events:source": "corp.team"}}}, TEAM, True),
            ({"Condition": {"StringEquals": {"events:source": "corp.other"}}}, TEAM, False),
            ({"Effect": "Deny"}, TEAM, False),
            ({"Effect": "Deny"}, DNS, True),
        ]
        for statement, caller, allowed in cases:
            with self.subTest(statement=statement, caller=caller):
                self.allow(**statement)
                (entry,) = self.put(caller, BUS_ARN)["Entries"]
                self.assertEqual(entry.get("ErrorCode"), None if allowed else "AccessDeniedException")
                self.assertEqual(len(self.bodies(DNS, self.url)), int(allowed))

    def test_a_disabled_rule_is_silent(self):
        self.rule("r", self.arn, State="DISABLED")
        self.put()
        self.assertEqual(self.bodies(DNS, self.url), [])

    def test_input_transformer_path_and_constant(self):
        transformer = {
            "InputPathsMap": {"who": "$.account", "what": "$.detail.a", "list": "$.detail.b"},
            "InputTemplate": '{"who":<who>,"text":"<what>","list":<list>,"rule":<aws.events.rule-name>}',
        }
        cases = [
            ({"InputTransformer": transformer}, '{"who":"222222222222","text":"x\\"y","list":[1,2],"rule":"r"}'),
            ({"InputPath": "$.detail.b"}, "[1,2]"),
            ({"Input": '{"fixed":1}'}, '{"fixed":1}'),
        ]
        for target, expected in cases:
            with self.subTest(target=target):
                self.rule("r", self.arn, **target)
                self.put(detail={"a": 'x"y', "b": [1, 2]})
                self.assertEqual(self.bodies(DNS, self.url), [expected])

    def test_a_missing_target_queue_goes_to_the_targets_dead_letters_and_the_call_succeeds(self):
        url, arn = self.queue(DNS, "dead")
        missing = f"arn:aws:sqs:{REGION}:{DNS}:missing"
        self.rule("r", missing, DeadLetterConfig={"Arn": arn})
        self.rule("ok", self.arn)
        self.assertEqual(self.put()["FailedEntryCount"], 0)
        (message,) = self.client("sqs", DNS).receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.assertEqual(attributes["RULE_ARN"], f"arn:aws:events:{REGION}:{DNS}:rule/gate/r")
        self.assertEqual((attributes["TARGET_ARN"], attributes["ERROR_CODE"]), (missing, "NO_RESOURCE"))
        self.assertEqual(len(self.bodies(DNS, self.url)), 1)

    def test_a_missing_bus_takes_the_event_and_drops_it(self):
        for bus in ("nothing", f"arn:aws:events:{REGION}:{DNS}:event-bus/nothing"):
            (entry,) = self.put(bus=bus)["Entries"]
            self.assertIn("EventId", entry, bus)

    def test_bad_entries_fail_one_by_one(self):
        self.rule("r", self.arn)
        good = {"EventBusName": "gate", "Source": "corp.team", "DetailType": "DNS", "Detail": "{}"}
        cases = [
            ({**good, "Source": "aws.autoscaling"}, "NotAuthorizedForSourceException"),
            ({**good, "Detail": "[1]"}, "MalformedDetail"),
            ({**good, "Detail": "{"}, "MalformedDetail"),
            ({key: value for key, value in good.items() if key != "DetailType"}, "InvalidArgument"),
            (good, None),
        ]
        answer = self.events.put_events(Entries=[entry for entry, _ in cases])
        self.assertEqual([entry.get("ErrorCode") for entry in answer["Entries"]], [code for _, code in cases])
        self.assertEqual(answer["FailedEntryCount"], 4)
        self.assertEqual(len(self.bodies(DNS, self.url)), 1)

    def test_eleven_entries_and_too_many_bytes_fail_the_call(self):
        good = {"EventBusName": "gate", "Source": "corp.team", "DetailType": "DNS", "Detail": "{}"}
        self.refused("ValidationException", self.events.put_events, Entries=[good] * 11)
        self.post("switches", {"event_limit_bytes": 100})
        self.refused("ValidationException", self.events.put_events, Entries=[good] * 8)

    def test_an_aws_services_event_can_be_injected(self):
        self.rule("r", self.arn, {"source": ["aws.autoscaling"]})
        event = {
            "source": "aws.autoscaling",
            "detail-type": "EC2 Instance Launch Successful",
            "detail": {"EC2InstanceId": "i-1"},
        }
        sent = self.post("event", {"account": DNS, "region": REGION, "bus": "gate", "event": event})
        got = self.only()
        self.assertEqual(list(got), KEYS)
        self.assertEqual((got["source"], got["account"], got["id"]), ("aws.autoscaling", DNS, sent["id"]))
        status, answer = self.emulator.control("event", {"account": DNS, "bus": "no", "event": event})
        self.assertEqual((status, answer), (400, {"error": "KeyError: 'no'"}))

    def test_event_patterns_match_as_event_ruler_does(self):
        detail = {
            "n": 3,
            "s": "Abc",
            "t": True,
            "none": None,
            "ip": "10.0.0.7",
            "l": ["x", "y"],
            "o": [{"k": "a", "v": 1}, {"k": "b", "v": 2}],
        }
        cases = [
            ({"s": ["Abc"]}, True), ({"s": ["abc"]}, False), ({"s": [{"equals-ignore-case": "abc"}]}, True),
            ({"s": [{"prefix": "A"}]}, True), ({"s": [{"suffix": "bc"}]}, True), ({"s": [{"wildcard": "A*c"}]}, True),
            ({"n": [3]}, True), ({"n": [3.0]}, True), ({"n": [{"numeric": [">", 1, "<=", 3]}]}, True),
            ({"n": [{"numeric": [">", 3]}]}, False), ({"n": [{"numeric": ["<", 3.5]}]}, True),
            ({"t": [True]}, True), ({"t": [1]}, False), ({"none": [None]}, True), ({"l": ["y"]}, True),
            ({"ip": [{"cidr": "10.0.0.0/8"}]}, True), ({"ip": [{"cidr": "11.0.0.0/8"}]}, False),
            ({"s": [{"anything-but": ["x"]}]}, True), ({"s": [{"anything-but": {"prefix": "A"}}]}, False),
            ({"missing": [{"exists": False}]}, True), ({"s": [{"exists": False}]}, False),
            ({"missing": [{"anything-but": "x"}]}, False),
            ({"o": {"k": ["b"]}}, True), ({"o": {"k": ["a"], "v": [1]}}, True), ({"o": {"k": ["a"], "v": [2]}}, False),
            ({"$or": [{"s": ["no"]}, {"n": [3]}]}, True), ({"$or": [{"s": ["no"]}, {"n": [4]}]}, False),
        ]  # fmt: skip
        for pattern, expected in cases:
            with self.subTest(pattern=pattern):
                self.rule("r", self.arn, {"detail": pattern})
                self.put(detail=detail)
                self.assertEqual(len(self.bodies(DNS, self.url)), int(expected))

    def test_a_pattern_with_an_unknown_operator_is_refused(self):
        for pattern in ('{"source":[{"regex":"x"}]}', '{"source":[]}', '{"source":"x"}', "{"):
            self.refused("InvalidEventPatternException", self.events.put_rule, Name="r", EventPattern=pattern)


if __name__ == "__main__":
    unittest.main()
