"""Systems Manager as recorded: instances, commands over time, parameters."""

import datetime
import json
import unittest

from emulator_case import DNS, MASTER, EmulatorCase

ONE, TWO = "i-0123456789abcdef0", "i-0123456789abcdef1"
DOCUMENT = "Reeve-AddRecord"


class Ssm(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.post("switches", {"ssm_command_s": 0})
        self.ssm = self.client("ssm", DNS)
        instances = [
            {"InstanceId": ONE, "ComputerName": "dc1.corp.example", "IPAddress": "10.0.0.1", "PlatformType": "Windows"},
            {"InstanceId": TWO, "ComputerName": "dc2.corp.example", "IPAddress": "10.0.0.2", "PingStatus": "Inactive"},
        ]
        self.post("instances", {"account": DNS, "instances": instances})

    def send(self, **more):
        request = {"DocumentName": DOCUMENT, "InstanceIds": [ONE], "Parameters": {"Name": ["www"]}, **more}
        return self.ssm.send_command(**request)["Command"]

    def invocation(self, command):
        return self.ssm.get_command_invocation(CommandId=command["CommandId"], InstanceId=ONE)

    def status(self, command):
        return self.ssm.list_commands(CommandId=command["CommandId"])["Commands"][0]["Status"]

    def test_instances_belong_to_an_account(self):
        found = self.ssm.describe_instance_information()["InstanceInformationList"]
        self.assertEqual([instance["InstanceId"] for instance in found], [ONE, TWO])
        first = {key: found[0][key] for key in ("ComputerName", "IPAddress", "PlatformType", "PingStatus")}
        expected = {
            "ComputerName": "dc1.corp.example",
            "IPAddress": "10.0.0.1",
            "PlatformType": "Windows",
            "PingStatus": "Online",
        }
        self.assertEqual(first, expected)
        self.assertEqual(self.client("ssm", MASTER).describe_instance_information()["InstanceInformationList"], [])

    def test_instances_filter_and_page(self):
        for key, values, expected in [
            ("InstanceIds", [TWO], [TWO]),
            ("PingStatus", ["Online"], [ONE]),
            ("InstanceIds", ["i-x"], []),
        ]:
            found = self.ssm.describe_instance_information(Filters=[{"Key": key, "Values": values}])
            self.assertEqual([instance["InstanceId"] for instance in found["InstanceInformationList"]], expected)
        many = [{"InstanceId": f"i-{n:017x}"} for n in range(7)]
        self.post("instances", {"account": DNS, "instances": many})
        pages = self.ssm.get_paginator("describe_instance_information").paginate(PaginationConfig={"PageSize": 3})
        self.assertEqual([len(page["InstanceInformationList"]) for page in pages], [3, 3, 1])
        self.refused("InvalidNextToken", self.ssm.describe_instance_information, NextToken="garbage")

    def test_a_command_takes_time(self):
        self.post("switches", {"ssm_command_s": 1.5})
        command = self.send(Comment="req-1")
        self.assertRegex(command["CommandId"], r"^[0-9a-f-]{36}$")
        self.assertEqual((command["Status"], command["Comment"], command["CompletedCount"]), ("Pending", "req-1", 0))
        seen = []

        def finished():
            status = self.status(command)
            if status not in seen:
                seen.append(status)
            return status == "Success"

        self.until(finished)
        self.assertEqual(seen, ["Pending", "InProgress", "Success"])
        invocation = self.invocation(command)
        self.assertEqual((invocation["Status"], invocation["ResponseCode"]), ("Success", 0))

    def test_an_unknown_or_inactive_instance_is_refused_where_instances_are_known(self):
        for instance in ("i-0123456789abcdeff", TWO):
            error = self.refused("InvalidInstanceId", self.send, InstanceIds=[instance])
            expected = f"Instances [[{instance}]] not in a valid state for account {DNS}"
            self.assertEqual(error["Error"]["Message"], expected)
        anywhere = self.client("ssm", MASTER).send_command(DocumentName="AWS-RunShellScript", InstanceIds=["i-1"])
        self.assertEqual(anywhere["Command"]["InstanceIds"], ["i-1"])

    def test_an_invocation_may_be_late_once(self):
        self.post("switches", {"ssm_invocation_late": True})
        command = self.send()
        self.refused("InvocationDoesNotExist", self.invocation, command=command)
        self.assertEqual(self.invocation(command)["Status"], "Success")
        call = self.ssm.get_command_invocation
        self.post("switches", {"ssm_invocation_late": False})
        self.refused("InvocationDoesNotExist", call, CommandId=command["CommandId"], InstanceId=TWO)

    def test_rules_decide_the_end_of_a_command(self):
        rules = [
            {"contains": "fail", "status": "Failed", "stderr": "no such zone", "response_code": 3},
            {"document": "Slow", "status": "TimedOut"},
            {"account": MASTER, "status": "Cancelled"},
            {"stdout": "added", "status": "Success"},
        ]
        self.post("commands", {"rules": rules})
        cases = [
            ({"Parameters": {"Name": ["will-fail"]}}, ("Failed", 3, "", "no such zone")),
            ({"DocumentName": "Slow"}, ("TimedOut", 1, "", "")),
            ({}, ("Success", 0, "added", "")),
        ]
        for request, expected in cases:
            with self.subTest(request=request):
                got = self.invocation(self.send(**request))
                keys = ("Status", "ResponseCode", "StandardOutputContent", "StandardErrorContent")
                self.assertEqual(tuple(got[key] for key in keys), expected)

    def test_commands_are_listed_newest_first_with_their_comment(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        sent = [self.send(Comment=f"req-{n}") for n in range(5)]
        commands = [
            page["Commands"]
            for page in self.ssm.get_paginator("list_commands").paginate(PaginationConfig={"PageSize": 2})
        ]
        self.assertEqual([len(page) for page in commands], [2, 2, 1])
        found = [command for page in commands for command in page]
        self.assertEqual([command["Comment"] for command in found], ["req-4", "req-3", "req-2", "req-1", "req-0"])
        self.assertEqual({command["CommandId"] for command in found}, {command["CommandId"] for command in sent})
        for moment, expected in [(before, 5), (before + datetime.timedelta(hours=1), 0)]:
            filters = [{"key": "InvokedAfter", "value": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}]
            self.assertEqual(len(self.ssm.list_commands(Filters=filters)["Commands"]), expected)
        self.assertEqual(self.client("ssm", MASTER).list_commands()["Commands"], [])
        self.refused("InvalidCommandId", self.ssm.list_commands, CommandId="00000000-0000-0000-0000-000000000000")
        invocations = self.ssm.list_command_invocations(CommandId=sent[0]["CommandId"])["CommandInvocations"]
        self.assertEqual([(i["InstanceId"], i["Status"]) for i in invocations], [(ONE, "Success")])

    def test_a_document_may_have_to_exist(self):
        self.post("switches", {"ssm_strict_documents": True})
        self.refused("InvalidDocument", self.send)
        step = {"action": "aws:runPowerShellScript", "name": "x", "inputs": {"runCommand": ["x"]}}
        content = json.dumps({"schemaVersion": "2.2", "mainSteps": [step]})
        self.ssm.create_document(Content=content, Name=DOCUMENT, DocumentType="Command")
        self.send()
        self.send(DocumentName="AWS-RunPowerShellScript")

    def test_parameters(self):
        put = {"Name": "/pub/a", "Value": "1", "Type": "String"}
        self.assertEqual(self.ssm.put_parameter(**put)["Version"], 1)
        self.refused("ParameterAlreadyExists", self.ssm.put_parameter, **put)
        self.assertEqual(self.ssm.put_parameter(**{**put, "Value": "2", "Overwrite": True})["Version"], 2)
        self.ssm.put_parameter(Name="/pub/b/c", Value="x,y", Type="StringList")
        self.ssm.put_parameter(Name="/public", Value="no", Type="String")
        found = self.ssm.get_parameters_by_path(Path="/pub", Recursive=True)["Parameters"]
        self.assertEqual(
            [(p["Name"], p["Value"], p["Version"]) for p in found], [("/pub/a", "2", 2), ("/pub/b/c", "x,y", 1)]
        )
        answer = self.ssm.get_parameters(Names=["/pub/a", "/pub/no"])
        self.assertEqual((answer["Parameters"][0]["Value"], answer["InvalidParameters"]), ("2", ["/pub/no"]))
        self.refused("ParameterNotFound", self.ssm.get_parameter, Name="/pub/no")

    def test_a_value_has_at_most_4096_characters(self):
        self.ssm.put_parameter(Name="/a", Value="x" * 4096, Type="String")
        self.refused("ValidationException", self.ssm.put_parameter, Name="/b", Value="x" * 4097, Type="String")
        self.ssm.put_parameter(Name="/c", Value="x" * 8192, Type="String", Tier="Advanced")
        too_long = {"Name": "/d", "Value": "x" * 8193, "Type": "String", "Tier": "Advanced"}
        self.refused("ValidationException", self.ssm.put_parameter, **too_long)


if __name__ == "__main__":
    unittest.main()
