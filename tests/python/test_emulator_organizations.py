"""Organizations as recorded: accounts that take time, moves, policies and their limits."""

import json
import unittest

from emulator_case import MASTER, STRANGER, EmulatorCase

SCP = "SERVICE_CONTROL_POLICY"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Organizations(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.post("switches", {"org_create_s": 0})
        self.org = self.client("organizations")
        self.org.create_organization(FeatureSet="ALL")
        self.root = self.org.list_roots()["Roots"][0]["Id"]

    def create(self, name, **more):
        status = self.org.create_account(AccountName=name, Email=f"{name}@corp.example", **more)["CreateAccountStatus"]
        return self.until(lambda: self.settled(status["Id"]))

    def settled(self, request_id):
        status = self.status(request_id)
        return None if status["State"] == "IN_PROGRESS" else status

    def status(self, request_id):
        return self.org.describe_create_account_status(CreateAccountRequestId=request_id)["CreateAccountStatus"]

    def ou(self, name, parent=None):
        return self.org.create_organizational_unit(ParentId=parent or self.root, Name=name)["OrganizationalUnit"]["Id"]

    def policy(self, name, content=ALLOW):
        created = self.org.create_policy(Name=name, Description="d", Type=SCP, Content=content)
        return created["Policy"]["PolicySummary"]["Id"]

    def attached(self, target):
        return [p["Id"] for p in self.org.list_policies_for_target(TargetId=target, Filter=SCP)["Policies"]]

    def test_an_account_takes_time_and_is_listed_only_then(self):
        self.post("switches", {"org_create_s": 0.5})
        tags = [{"Key": "nonce", "Value": "n1"}]
        call = self.org.create_account(AccountName="team-a", Email="a@corp.example", Tags=tags)
        begun = call["CreateAccountStatus"]
        self.assertRegex(begun["Id"], r"^car-[a-z0-9]{8,32}$")
        self.assertEqual((begun["State"], begun["AccountName"]), ("IN_PROGRESS", "team-a"))
        self.assertNotIn("AccountId", begun)
        self.assertEqual([a["Id"] for a in self.org.list_accounts()["Accounts"]], [MASTER])
        listed = self.org.list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"]
        self.assertEqual([status["Id"] for status in listed], [begun["Id"]])
        done = self.until(lambda: self.settled(begun["Id"]))
        self.assertEqual(done["State"], "SUCCEEDED")
        account = done["AccountId"]
        self.assertRegex(account, r"^\d{12}$")
        self.assertEqual([a["Id"] for a in self.org.list_accounts()["Accounts"]], [MASTER, account])
        self.assertEqual(self.org.list_parents(ChildId=account)["Parents"], [{"Id": self.root, "Type": "ROOT"}])
        self.assertEqual(self.org.list_tags_for_resource(ResourceId=account)["Tags"], tags)
        self.assertEqual(self.org.list_create_account_status(States=["IN_PROGRESS"])["CreateAccountStatuses"], [])

    def test_an_email_makes_one_account(self):
        first = self.create("team-a")
        again = self.org.create_account(AccountName="other", Email="TEAM-A@corp.example")["CreateAccountStatus"]
        self.assertEqual(again["State"], "IN_PROGRESS")
        again = self.until(lambda: self.settled(again["Id"]))
        self.assertEqual((again["State"], again["FailureReason"]), ("FAILED", "EMAIL_ALREADY_EXISTS"))
        self.assertNotIn("AccountId", again)
        for state, expected in [("SUCCEEDED", [first["Id"]]), ("FAILED", [again["Id"]])]:
            listed = self.org.list_create_account_status(States=[state])["CreateAccountStatuses"]
            self.assertEqual([status["Id"] for status in listed], expected)
        self.assertEqual(len(self.org.list_accounts()["Accounts"]), 2)

    def test_unknown_ids_are_refused_with_their_own_codes(self):
        org, policy = self.org, self.policy("p")
        cases = [
            (
                "CreateAccountStatusNotFoundException",
                org.describe_create_account_status,
                {"CreateAccountRequestId": "car-12345678"},
            ),
            ("AccountNotFoundException", org.describe_account, {"AccountId": "000000000000"}),
            ("TargetNotFoundException", org.attach_policy, {"PolicyId": policy, "TargetId": "000000000000"}),
            ("TargetNotFoundException", org.detach_policy, {"PolicyId": policy, "TargetId": "ou-abcd-12345678"}),
            ("PolicyNotFoundException", org.attach_policy, {"PolicyId": "p-12345678", "TargetId": self.root}),
            ("ParentNotFoundException", org.create_organizational_unit, {"ParentId": "ou-abcd-12345678", "Name": "x"}),
        ]
        for code, call, arguments in cases:
            with self.subTest(call=call.__name__):
                self.refused(code, call, **arguments)

    def test_moves(self):
        account, ou = self.create("team-a")["AccountId"], self.ou("Workloads")
        other = self.ou("Other")
        cases = [
            (account, self.root, "ou-abcd-12345678", "DestinationParentNotFoundException"),
            (account, "ou-abcd-12345678", ou, "SourceParentNotFoundException"),
            (account, other, ou, "SourceParentNotFoundException"),
            (account, self.root, self.root, "DuplicateAccountException"),
            ("000000000000", self.root, ou, "AccountNotFoundException"),
        ]
        for moved, source, destination, code in cases:
            with self.subTest(code=code):
                arguments = {"AccountId": moved, "SourceParentId": source, "DestinationParentId": destination}
                self.refused(code, self.org.move_account, **arguments)
        self.org.move_account(AccountId=account, SourceParentId=self.root, DestinationParentId=ou)
        self.assertEqual(self.org.list_parents(ChildId=account)["Parents"][0]["Id"], ou)
        again = {"AccountId": account, "SourceParentId": self.root, "DestinationParentId": ou}
        self.refused("SourceParentNotFoundException", self.org.move_account, **again)
        again["SourceParentId"] = ou
        self.refused("DuplicateAccountException", self.org.move_account, **again)

    def test_full_aws_access_is_attached_everywhere_and_the_type_is_enabled(self):
        account, ou = self.create("team-a")["AccountId"], self.ou("Workloads")
        for target in (self.root, ou, account):
            self.assertEqual(self.attached(target), ["p-FullAWSAccess"])
        self.assertEqual(self.org.list_roots()["Roots"][0]["PolicyTypes"], [{"Type": SCP, "Status": "ENABLED"}])
        self.refused("PolicyTypeAlreadyEnabledException", self.org.enable_policy_type, RootId=self.root, PolicyType=SCP)
        self.org.disable_policy_type(RootId=self.root, PolicyType=SCP)
        call = {"PolicyId": self.policy("p"), "TargetId": ou}
        self.refused("PolicyTypeNotEnabledException", self.org.attach_policy, **call)

    def test_attachments_are_between_one_and_ten(self):
        ou = self.ou("Workloads")
        last = {"PolicyId": "p-FullAWSAccess", "TargetId": ou}
        error = self.refused("ConstraintViolationException", self.org.detach_policy, **last)
        self.assertEqual(error["Reason"], "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        self.refused("DuplicatePolicyAttachmentException", self.org.attach_policy, **last)
        policies = [self.policy(f"p{n}") for n in range(10)]
        self.refused("PolicyNotAttachedException", self.org.detach_policy, PolicyId=policies[0], TargetId=ou)
        for policy in policies[:9]:
            self.org.attach_policy(PolicyId=policy, TargetId=ou)
        error = self.refused("ConstraintViolationException", self.org.attach_policy, PolicyId=policies[9], TargetId=ou)
        self.assertEqual(error["Reason"], "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        self.org.detach_policy(**last)
        self.assertEqual(sorted(self.attached(ou)), sorted(policies[:9]))

    def test_contents_of_policies(self):
        create = self.org.create_policy
        base = {"Description": "", "Type": SCP}
        self.refused("MalformedPolicyDocumentException", create, Name="a", Content="not JSON", **base)
        self.refused("MalformedPolicyDocumentException", create, Name="a", Content="[]", **base)
        padded = ALLOW + " " * (10_240 - len(ALLOW))
        error = self.refused("ConstraintViolationException", create, Name="a", Content=padded + " ", **base)
        self.assertEqual(error["Reason"], "POLICY_CONTENT_LIMIT_EXCEEDED")
        policy = self.policy("a", padded)
        self.refused("DuplicatePolicyException", create, Name="a", Content=ALLOW, **base)
        self.refused("MalformedPolicyDocumentException", self.org.update_policy, PolicyId=policy, Content="{")
        self.refused("ConstraintViolationException", self.org.update_policy, PolicyId=policy, Content=padded + " ")
        self.assertEqual(self.org.describe_policy(PolicyId=policy)["Policy"]["Content"], padded)
        managed = {"PolicyId": "p-FullAWSAccess", "Content": ALLOW}
        self.refused("InvalidInputException", self.org.update_policy, **managed)
        self.org.attach_policy(PolicyId=policy, TargetId=self.root)
        self.refused("PolicyInUseException", self.org.delete_policy, PolicyId=policy)

    def test_accounts_come_in_pages_of_twenty(self):
        for number in range(25):
            self.org.create_account(AccountName=f"a{number}", Email=f"a{number}@corp.example")
        first = self.org.list_accounts()
        self.assertEqual(len(first["Accounts"]), 20)
        second = self.org.list_accounts(NextToken=first["NextToken"])
        self.assertEqual(len(second["Accounts"]), 6)
        self.assertNotIn("NextToken", second)
        self.assertEqual(len({account["Id"] for account in first["Accounts"] + second["Accounts"]}), 26)
        self.refused("InvalidInputException", self.org.list_accounts, MaxResults=21)
        self.refused("InvalidInputException", self.org.list_accounts, NextToken="garbage")

    def test_ou_names_are_unique_in_their_parent(self):
        ou = self.ou("Workloads")
        call = {"ParentId": self.root, "Name": "Workloads"}
        self.refused("DuplicateOrganizationalUnitException", self.org.create_organizational_unit, **call)
        self.ou("Workloads", ou)

    def test_members_may_ask_little_and_strangers_nothing(self):
        member = self.client("organizations", self.create("team-a")["AccountId"])
        self.assertEqual(member.describe_organization()["Organization"]["MasterAccountId"], MASTER)
        self.refused("AccessDeniedException", member.list_accounts)
        self.refused("AccessDeniedException", member.create_organizational_unit, ParentId=self.root, Name="x")
        stranger = self.client("organizations", STRANGER)
        self.refused("AWSOrganizationsNotInUseException", stranger.list_accounts)
        self.refused("AlreadyInOrganizationException", self.org.create_organization, FeatureSet="ALL")

    def test_creations_are_counted(self):
        self.create("team-a")
        (call,) = self.get("calls?service=organizations&operation=CreateAccount&ok=true")
        self.assertEqual(call["request"], {"AccountName": "team-a", "Email": "team-a@corp.example"})


if __name__ == "__main__":
    unittest.main()
