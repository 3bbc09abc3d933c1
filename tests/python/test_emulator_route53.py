"""Route 53 as recorded: refusals with their text, batches, change ids, name servers, lists."""

import unittest

from emulator_case import DNS, MASTER, EmulatorCase

ZONE = "corp.example."


def record(name, record_type, *values, ttl=60, action="UPSERT"):
    values = [{"Value": value} for value in values]
    return {
        "Action": action,
        "ResourceRecordSet": {"Name": name, "Type": record_type, "TTL": ttl, "ResourceRecords": values},
    }


class Route53(EmulatorCase):
    def setUp(self):
        super().setUp()
        self.r53 = self.client("route53", DNS)
        created = self.r53.create_hosted_zone(Name=ZONE, CallerReference="first")
        self.zone = created["HostedZone"]["Id"].split("/")[-1]
        self.servers = created["DelegationSet"]["NameServers"]
        self.created_change = created["ChangeInfo"]

    def change(self, *changes, zone=None, **batch):
        batch["Changes"] = list(changes)
        return self.r53.change_resource_record_sets(HostedZoneId=zone or self.zone, ChangeBatch=batch)["ChangeInfo"]

    def invalid(self, *changes, code="InvalidChangeBatch"):
        batch = {"Changes": list(changes)}
        call = self.r53.change_resource_record_sets
        return self.refused(code, call, HostedZoneId=self.zone, ChangeBatch=batch)["Error"].get("Message", "")

    def records(self):
        sets = self.r53.list_resource_record_sets(HostedZoneId=self.zone)["ResourceRecordSets"]
        return {(s["Name"], s["Type"]): [r["Value"] for r in s.get("ResourceRecords", [])] for s in sets}

    def test_refused_changes_have_awss_text_and_change_nothing(self):
        self.change(record("a.corp.example", "A", "10.0.0.1"), record("c.corp.example", "CNAME", "a.corp.example"))
        before = self.records()
        cases = [
            (
                record("A.Corp.Example.", "A", "10.0.0.2", action="CREATE"),
                "[Tried to create resource record set [name='a.corp.example.', type='A'] but it already exists]",
            ),
            (
                record("a.corp.example", "A", "10.0.0.2", action="DELETE"),
                "[Tried to delete resource record set [name='a.corp.example.', type='A'] but the values provided"
                " do not match"
                " the current values]",
            ),
            (
                record("a.corp.example", "A", "10.0.0.1", ttl=61, action="DELETE"),
                "[Tried to delete resource record set [name='a.corp.example.', type='A'] but the values provided"
                " do not match"
                " the current values]",
            ),
            (
                record("b.corp.example", "A", "10.0.0.2", action="DELETE"),
                "[Tried to delete resource record set [name='b.corp.example.', type='A'] but it was not found]",
            ),
            (
                record("a.other.example", "A", "10.0.0.2"),
                "[RRSet with DNS name a.other.example. is not permitted in zone corp.example.]",
            ),
            (
                record("xcorp.example", "A", "10.0.0.2"),
                "[RRSet with DNS name xcorp.example. is not permitted in zone corp.example.]",
            ),
            (
                record(ZONE, "CNAME", "x.example"),
                "[RRSet of type CNAME with DNS name corp.example. is not permitted at apex in zone corp.example.]",
            ),
            (
                record("c.corp.example", "TXT", '"x"'),
                "[RRSet of type TXT with DNS name c.corp.example. is not permitted because a conflicting RRSet"
                " of type CNAME"
                " with the same DNS name already exists in zone corp.example.]",
            ),
            (
                record("a.corp.example", "CNAME", "x.example"),
                "[RRSet of type CNAME with DNS name a.corp.example. is not permitted as it conflicts with other"
                " records with"
                " the same DNS name in zone corp.example.]",
            ),
            (
                record("d.corp.example", "A", "999.1.1.1"),
                "[Invalid Resource Record: FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
                " encountered with '999.1.1.1']",
            ),
            (
                record("d.corp.example", "AAAA", "10.0.0.1"),
                "[Invalid Resource Record: FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid"
                " IPv6 address)"
                " encountered with '10.0.0.1']",
            ),
            (
                record("d.corp.example", "TXT", "x"),
                "[Invalid Resource Record: FATAL problem: InvalidCharacterString (Value should be enclosed in"
                " quotation marks)"
                " encountered with 'x']",
            ),
            (
                record(ZONE, "NS", *[server + "." for server in self.servers], ttl=172800, action="DELETE"),
                "[A HostedZone must contain at least one NS record for the zone itself.]",
            ),
        ]
        for change, text in cases:
            with self.subTest(change=change):
                self.assertEqual(self.invalid(record("new.corp.example", "A", "10.0.0.9"), change), text)
                self.assertEqual(self.records(), before)

    def test_every_error_of_a_batch_is_told(self):
        text = self.invalid(
            record("x.other", "A", "10.0.0.1"), record("a.corp.example", "A", "10.0.0.1", action="DELETE")
        )
        self.assertEqual(
            text,
            "[RRSet with DNS name x.other. is not permitted in zone corp.example., Tried to delete resource record set"
            " [name='a.corp.example.', type='A'] but it was not found]",
        )

    def test_bad_input_is_refused_before_the_zone_is_looked_at(self):
        cases = [
            ([], "MalformedInput"),
            ([record("a.corp.example", "A")], "InvalidInput"),
            ([record("a.corp.example", "A", "10.0.0.1", ttl=-1)], "InvalidInput"),
            ([record("a.corp.example", "A", *["10.0.0.1"] * 501)], "InvalidChangeBatch"),
            ([record("a.corp.example", "TXT", *['"' + "x" * 250 + '"'] * 64)], "InvalidChangeBatch"),
            ([record("a.corp.example", "A", "10.0.0.1")] * 2, "InvalidChangeBatch"),
            (
                [record("a.corp.example", "A", "10.0.0.1", action="CREATE")]
                + [record("a.corp.example", "A", "10.0.0.1", action="DELETE")] * 2,
                "InvalidChangeBatch",
            ),
        ]
        for changes, code in cases:
            with self.subTest(changes=str(changes)[:80]):
                self.invalid(*changes, code=code)

    def test_delete_and_create_in_one_batch_replace(self):
        self.change(record("a.corp.example", "A", "10.0.0.1"))
        self.change(
            record("a.corp.example", "A", "10.0.0.1", action="DELETE"),
            record("a.corp.example", "CNAME", "b.example", action="CREATE"),
        )
        self.assertEqual(self.records().get(("a.corp.example.", "CNAME")), ["b.example"])
        self.assertNotIn(("a.corp.example.", "A"), self.records())

    def test_a_change_is_pending_then_in_sync(self):
        self.post("switches", {"r53_insync_s": 0.5})
        change = self.change(record("a.corp.example", "A", "10.0.0.1"), Comment="why")
        self.assertRegex(change["Id"], r"^/change/C[0-9A-F]{20}$")
        self.assertEqual((change["Status"], change["Comment"]), ("PENDING", "why"))
        self.assertNotEqual(change["Id"], self.created_change["Id"])
        self.assertEqual(self.r53.get_change(Id=change["Id"])["ChangeInfo"]["Status"], "PENDING")
        self.until(lambda: self.r53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC")

    def test_an_unknown_change_and_an_unknown_zone_are_404(self):
        for code, call in [
            ("NoSuchChange", lambda: self.r53.get_change(Id="C0")),
            ("NoSuchHostedZone", lambda: self.change(record("a.corp.example", "A", "10.0.0.1"), zone="Z0")),
        ]:
            self.assertEqual(self.refused(code, call)["ResponseMetadata"]["HTTPStatusCode"], 404)

    def test_a_caller_reference_makes_one_zone(self):
        error = self.refused("HostedZoneAlreadyExists", self.r53.create_hosted_zone, Name=ZONE, CallerReference="first")
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 409)
        self.r53.create_hosted_zone(Name=ZONE, CallerReference="second")
        self.client("route53", MASTER).create_hosted_zone(Name=ZONE, CallerReference="first")

    def test_each_zone_has_its_own_four_name_servers(self):
        other = self.r53.create_hosted_zone(Name="a.corp.example", CallerReference="2")["DelegationSet"]["NameServers"]
        self.assertEqual(len(set(other)), 4)
        self.assertNotEqual(set(other), set(self.servers))
        for server, domain in zip(self.servers, (r"com", r"net", r"org", r"co\.uk"), strict=True):
            self.assertRegex(server, rf"^ns-\d{{1,4}}\.awsdns-\d\d\.{domain}$")
        self.assertEqual(self.records()[(ZONE, "NS")], [server + "." for server in self.servers])
        soa = f"{self.servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
        self.assertEqual(self.records()[(ZONE, "SOA")], [soa])
        self.assertEqual(self.r53.get_hosted_zone(Id=self.zone)["DelegationSet"]["NameServers"], self.servers)

    def test_a_wildcard_is_listed_with_its_escape(self):
        self.change(record("*.corp.example", "A", "10.0.0.1"))
        self.assertIn(("\\052.corp.example.", "A"), self.records())
        self.invalid(record("\\052.corp.example", "A", "10.0.0.1", action="CREATE"))
        first = self.r53.list_resource_record_sets(
            HostedZoneId=self.zone, StartRecordName="*.corp.example", MaxItems="1"
        )
        self.assertEqual(first["ResourceRecordSets"][0]["Name"], "\\052.corp.example.")
        self.change(record("*.corp.example", "A", "10.0.0.1", action="DELETE"))
        self.assertNotIn(("\\052.corp.example.", "A"), self.records())

    def test_a_second_change_while_one_is_pending_may_be_refused(self):
        self.post("switches", {"r53_insync_s": 0.5})
        self.change(record("a.corp.example", "A", "10.0.0.1"))
        self.change(record("a.corp.example", "A", "10.0.0.2"))
        self.post("switches", {"r53_prior_request": True})
        self.assertEqual(
            self.invalid(record("a.corp.example", "A", "10.0.0.3"), code="PriorRequestNotComplete"),
            "The request was rejected because Route 53 was still processing a prior request.",
        )
        self.post("switches", {"r53_insync_s": 0})
        self.change(record("a.corp.example", "A", "10.0.0.3"))

    def test_zones_by_name_begin_at_the_name(self):
        for name in ("b.example", "z.corp.example"):
            self.r53.create_hosted_zone(Name=name, CallerReference=name)
        for start, expected in [
            ("corp.example", ["corp.example.", "z.corp.example."]),
            ("a.example", ["b.example.", "corp.example.", "z.corp.example."]),
            ("x.nothing", []),
        ]:
            answer = self.r53.list_hosted_zones_by_name(DNSName=start)
            self.assertEqual([zone["Name"] for zone in answer["HostedZones"]], expected)
        page = self.r53.list_hosted_zones_by_name(MaxItems="1")
        self.assertEqual((page["IsTruncated"], page["NextDNSName"]), (True, "corp.example."))

    def test_changes_are_counted_where_they_take_effect(self):
        self.change(record("a.corp.example", "A", "10.0.0.1"))
        self.invalid(record("a.corp.example", "A", "10.0.0.1", action="CREATE"))
        calls = self.get("calls?service=route53&operation=ChangeResourceRecordSets")
        self.assertEqual([(call["ok"], call["error"]) for call in calls], [(True, None), (False, "InvalidChangeBatch")])
        self.assertEqual(calls[0]["account"], DNS)
        self.assertEqual(calls[0]["request"]["HostedZoneId"], self.zone)
        change = calls[0]["request"]["ChangeBatch"]["Changes"][0]
        self.assertEqual((change["Action"], change["ResourceRecordSet"]["TTL"]), ("UPSERT", 60))
        self.assertEqual(change["ResourceRecordSet"]["ResourceRecords"], [{"Value": "10.0.0.1"}])
        self.assertLess(calls[0]["n"], calls[1]["n"])

    def test_all_zones_of_all_accounts_can_be_read_for_a_dns_server(self):
        self.client("route53", MASTER).create_hosted_zone(Name="other.example", CallerReference="1")
        self.change(record("a.corp.example", "A", "10.0.0.1"))
        zones = {zone["name"]: zone for zone in self.get("zones")}
        self.assertEqual({name: zone["account"] for name, zone in zones.items()}, {ZONE: DNS, "other.example.": MASTER})
        self.assertEqual(zones[ZONE]["name_servers"], self.servers)
        expected = {
            "name": "a.corp.example.",
            "type": "A",
            "ttl": 60,
            "values": ["10.0.0.1"],
            "set_identifier": None,
            "alias": None,
        }
        self.assertIn(expected, zones[ZONE]["records"])


if __name__ == "__main__":
    unittest.main()
