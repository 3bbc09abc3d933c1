"""The emulator as a process, its control endpoints, and the services that are moto's own."""

import json
import signal
import unittest

import boto3
from botocore.config import Config
from emulator_case import DNS, MASTER, REGION, TEAM, Emulator, EmulatorCase


class Process(unittest.TestCase):
    def test_it_tells_its_port_and_ends_at_once(self):
        emulator = Emulator()
        self.addCleanup(emulator.close)
        self.assertEqual(json.loads(emulator.process.stdout.readline()), emulator.ready)
        self.assertEqual(emulator.ready["endpoint"], f"http://127.0.0.1:{emulator.ready['port']}")
        emulator.process.send_signal(signal.SIGTERM)
        self.assertEqual(emulator.process.wait(5), 0)

    def test_it_ends_with_its_standard_input(self):
        emulator = Emulator()
        self.addCleanup(emulator.close)
        emulator.process.stdin.close()
        self.assertEqual(emulator.process.wait(5), 0)

    def test_the_environment_sets_the_times(self):
        emulator = Emulator(R53_INSYNC_S="7", ORG_CREATE_S="8", SSM_COMMAND_S="9", BUS_POLICY="1")
        self.addCleanup(emulator.stop)
        _, switches = emulator.control("switches")
        expected = {"r53_insync_s": 7.0, "org_create_s": 8.0, "ssm_command_s": 9.0, "bus_policy": True}
        self.assertEqual({key: switches[key] for key in expected}, expected)


class Control(EmulatorCase):
    def test_a_reset_wipes_every_service_and_switch(self):
        self.client("route53").create_hosted_zone(Name="a.example", CallerReference="1")
        self.client("sqs").create_queue(QueueName="q")
        self.client("s3").create_bucket(Bucket="bucket")
        self.client("organizations").create_organization(FeatureSet="ALL")
        self.client("organizations").create_account(AccountName="a", Email="a@corp.example")
        self.post("instances", {"account": DNS, "instances": [{"InstanceId": "i-1"}]})
        self.post("switches", {"r53_prior_request": True})
        self.post("reset", {})
        self.assertEqual(self.get("calls"), [])
        self.assertEqual(self.get("zones"), [])
        self.assertIs(self.get("switches")["r53_prior_request"], False)
        self.assertEqual(self.client("s3").list_buckets()["Buckets"], [])
        self.assertNotIn("QueueUrls", self.client("sqs").list_queues())
        self.refused("AWSOrganizationsNotInUseException", self.client("organizations").describe_organization)
        self.assertEqual(self.client("ssm", DNS).describe_instance_information()["InstanceInformationList"], [])

    def test_every_call_is_logged_with_account_parameters_and_success(self):
        sqs = self.client("sqs", DNS)
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="x")
        self.refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="missing")
        self.client("s3", TEAM).create_bucket(Bucket="bucket")
        calls = self.get("calls")
        shown = [(c["service"], c["operation"], c["account"], c["ok"]) for c in calls]
        expected = [
            ("sqs", "CreateQueue", DNS, True),
            ("sqs", "SendMessage", DNS, True),
            ("sqs", "GetQueueUrl", DNS, False),
            ("s3", "CreateBucket", TEAM, True),
        ]
        self.assertEqual(shown, expected)
        self.assertEqual(calls[1]["request"], {"QueueUrl": url, "MessageBody": "x"})
        self.assertEqual([c["n"] for c in calls], sorted(c["n"] for c in calls))
        self.assertEqual(len(self.get("calls?service=sqs&ok=true")), 2)
        self.emulator.control("calls", method="DELETE")
        self.assertEqual(self.get("calls"), [])

    def test_what_is_wrong_with_a_control_request_is_told(self):
        cases = [
            ("no", {}, 404, "no such endpoint: /_reeve/no"),
            ("switches", {"x": 1}, 400, "KeyError: 'no such switch: x'"),
            ("instances", {}, 400, "KeyError: 'instances'"),
            ("reset", None, 405, "/_reeve/reset takes POST"),
        ]
        for path, body, status, error in cases:
            self.assertEqual(self.emulator.control(path, body), (status, {"error": error}))


class Others(EmulatorCase):
    def assumed(self, service, account):
        role = f"arn:aws:iam::{account}:role/r"
        given = self.client("sts").assume_role(RoleArn=role, RoleSessionName="s")["Credentials"]
        return boto3.client(
            service, endpoint_url=self.emulator.endpoint, region_name=REGION, aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}),
        )  # fmt: skip

    def test_an_assumed_role_speaks_for_its_account(self):
        self.assumed("ssm", DNS).put_parameter(Name="/a", Value="dns", Type="String")
        self.client("ssm").put_parameter(Name="/a", Value="master", Type="String")
        self.assertEqual(self.client("ssm", DNS).get_parameter(Name="/a")["Parameter"]["Value"], "dns")
        self.assertEqual(self.assumed("sts", DNS).get_caller_identity()["Account"], DNS)
        self.assertEqual(self.client("sts").get_caller_identity()["Account"], MASTER)

    def test_dynamodb_conditions_and_transactions(self):
        table = self.client("dynamodb", DNS)
        table.create_table(
            TableName="t", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        )  # fmt: skip
        put = {"TableName": "t", "Item": {"k": {"S": "1"}}, "ConditionExpression": "attribute_not_exists(k)"}
        table.put_item(**put)
        self.refused("ConditionalCheckFailedException", table.put_item, **put)
        self.refused("TransactionCanceledException", table.transact_write_items, TransactItems=[{"Put": put}])
        self.assertEqual(table.get_item(TableName="t", Key={"k": {"S": "1"}})["Item"], {"k": {"S": "1"}})
        (failed,) = self.get("calls?service=dynamodb&operation=PutItem&ok=false")
        self.assertEqual(failed["error"], "ConditionalCheckFailedException")

    def test_s3_object_lock(self):
        s3 = self.client("s3", DNS)
        s3.create_bucket(Bucket="bucket", ObjectLockEnabledForBucket=True)
        rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
        s3.put_object_lock_configuration(Bucket="bucket", ObjectLockConfiguration=rule)
        version = s3.put_object(Bucket="bucket", Key="a/b c", Body=b"x" * 100_000, IfNoneMatch="*")["VersionId"]
        self.refused("AccessDenied", s3.delete_object, Bucket="bucket", Key="a/b c", VersionId=version)
        self.refused("PreconditionFailed", s3.put_object, Bucket="bucket", Key="a/b c", Body=b"y", IfNoneMatch="*")
        self.assertEqual(s3.get_object(Bucket="bucket", Key="a/b c")["Body"].read(), b"x" * 100_000)
        self.assertEqual(s3.head_object(Bucket="bucket", Key="a/b c")["ContentLength"], 100_000)
        self.assertEqual([o["Key"] for o in s3.list_objects_v2(Bucket="bucket")["Contents"]], ["a/b c"])

    def test_lambda_permissions_without_docker(self):
        role = self.client("iam", DNS).create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        functions = self.client("lambda", DNS)
        functions.create_function(
            FunctionName="f", Runtime="provided.al2023", Role=role, Handler="h", Code={"ZipFile": b"x"}
        )
        functions.add_permission(
            FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
        )
        (statement,) = json.loads(functions.get_policy(FunctionName="f")["Policy"])["Statement"]
        self.assertEqual((statement["Sid"], statement["Principal"]), ("s", {"Service": "events.amazonaws.com"}))
        self.refused("ResourceNotFoundException", functions.get_policy, FunctionName="missing")


if __name__ == "__main__":
    unittest.main()
