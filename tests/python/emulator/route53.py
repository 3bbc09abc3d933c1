"""Route 53: batches all or nothing, AWS's refusals, changes that take time, and name servers of each zone's own."""

import collections
import datetime
import functools
import hashlib
import re
import time
import uuid

from moto.core.responses import ActionResult
from moto.route53 import models, responses
from moto.route53.exceptions import Route53ClientError

from . import record_values, state

# Limits of one ChangeResourceRecordSets call; an UPSERT's values count twice.
BATCH_RECORDS_MAX = 1000
BATCH_VALUE_CHARS_MAX = 32_000
TTL_SECONDS_MAX = 2_147_483_647
RECORD_TYPES = "SOA A TXT NS CNAME MX NAPTR PTR SRV SPF AAAA CAA DS TLSA SSHFP SVCB HTTPS".split()
SOA_TAIL = "awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"

# Change id -> (time of the call in seconds, comment); zone id -> time of its last change.
_changes = {}
_last_change = {}


@state.on_reset
def _forget():
    _changes.clear()
    _last_change.clear()


class _Refusal(Route53ClientError):
    def __init__(self, code, message):
        super().__init__(code, message)


@functools.lru_cache(maxsize=65536)
def canonical(name):
    """A name as Route 53 lists it: lower case, final dot, every character outside `a-z0-9_-` as `\\ooo`."""
    decoded = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), name.rstrip("."))
    return re.sub(r"[^a-z0-9_.-]", lambda other: f"\\{ord(other[0]):03o}", decoded.lower()) + "."


def name_servers(zone_id):
    """Four name servers that only this zone has, the same at every run for the same id."""
    digest = hashlib.sha256(zone_id.encode()).digest()
    servers = []
    for place, domain in enumerate(("com", "net", "org", "co.uk")):
        number = int.from_bytes(digest[2 * place : 2 * place + 2], "big") % 512
        servers.append(f"ns-{512 * place + number}.awsdns-{number // 8:02}.{domain}")
    return servers


# ---------------------------------------------------------------- changes


class _Records:
    """Records by (name, type, set identifier), and the keys of each name: a change costs the same in any zone."""

    def __init__(self, records=()):
        self.by_key = {}
        self.by_name = collections.defaultdict(set)
        for record in records:
            self.put(record)

    def put(self, record):
        record.name = canonical(record.name)
        key = (record.name, record.type, record.set_identifier)
        self.by_key[key] = record
        self.by_name[record.name].add(key)

    def drop(self, key):
        del self.by_key[key]
        self.by_name[key[0]].discard(key)


def _get_rrsets(zone):
    return list(zone._records.by_key.values())


def _set_rrsets(zone, records):
    zone._records = _Records(records)


def _put_rrset(zone, record_set):
    record = models.RecordSet(record_set)
    zone._records.put(record)
    return record


class _Batch:
    """The records of a zone as they would be after the changes so far, and everything that is wrong with these."""

    def __init__(self, zone):
        self.zone = zone
        self.apex = canonical(zone.name)
        # Key -> the record that the batch puts there, or None where it deletes.
        self.changed = {}
        self.written = set()
        self.errors = []

    def commit(self):
        """Makes the changes the zone's own.  Nothing here can fail."""
        for key, record in self.changed.items():
            if record is not None:
                self.zone._records.put(record)
            elif key in self.zone._records.by_key:
                self.zone._records.drop(key)

    def _record(self, key):
        return self.changed[key] if key in self.changed else self.zone._records.by_key.get(key)

    def _other_types(self, name, record_type):
        keys = self.zone._records.by_name.get(name, set()) | {key for key in self.changed if key[0] == name}
        return {key[1] for key in keys if key[1] != record_type and self._record(key) is not None}

    def apply(self, change):
        wanted = change["ResourceRecordSet"]
        name, record_type = canonical(wanted["Name"]), wanted["Type"]
        key = (name, record_type, wanted.get("SetIdentifier"))
        if name != self.apex and not name.endswith("." + self.apex):
            self.errors.append(f"RRSet with DNS name {name} is not permitted in zone {self.apex}")
        elif change["Action"] == "DELETE":
            self._delete(key, wanted)
        else:
            self._write(key, wanted, change["Action"])

    def _delete(self, key, wanted):
        name, record_type, _ = key
        current = self._record(key)
        if current is None:
            self.errors.append(f"Tried to delete resource record set {_shown(key)} but it was not found")
        elif _content(current) != _wanted_content(wanted):
            self.errors.append(
                f"Tried to delete resource record set {_shown(key)} but the values provided do not match the"
                f" current values"
            )
        elif name == self.apex and record_type == "NS":
            self.errors.append("A HostedZone must contain at least one NS record for the zone itself.")
        elif name == self.apex and record_type == "SOA":
            self.errors.append("A HostedZone must contain exactly one SOA record.")
        else:
            self.changed[key] = None

    def _write(self, key, wanted, action):
        name, record_type, _ = key
        problems = [record_values.problem(record_type, value) for value in _values(wanted)]
        others = self._other_types(name, record_type)
        if any(problems):
            self.errors += [problem for problem in problems if problem]
        elif key in self.written:
            self.errors.append(
                f"The request contains an invalid set of changes for a resource record set '{record_type} {name}'"
            )
        elif action == "CREATE" and self._record(key) is not None:
            self.errors.append(f"Tried to create resource record set {_shown(key)} but it already exists")
        elif record_type == "CNAME" and name == self.apex:
            self.errors.append(f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {self.apex}")
        elif record_type == "CNAME" and others:
            self.errors.append(
                f"RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records"
                f" with the same"
                f" DNS name in zone {self.apex}"
            )
        elif "CNAME" in others:
            self.errors.append(
                f"RRSet of type {record_type} with DNS name {name} is not permitted because a conflicting RRSet of type"
                f" CNAME with the same DNS name already exists in zone {self.apex}"
            )
        else:
            fields = dict(wanted, Name=name)
            fields["ResourceRecords"] = _values(wanted)
            self.changed[key] = models.RecordSet(fields)
            self.written.add(key)


def _shown(key):
    name, record_type, set_identifier = key
    more = f", set-identifier='{set_identifier}'" if set_identifier else ""
    return f"[name='{name}', type='{record_type}'{more}]"


def _values(wanted):
    return [record["Value"] for record in wanted.get("ResourceRecords") or []]


def _content(record):
    return str(record.ttl or ""), sorted(record.records or []), _alias(record.alias_target)


def _wanted_content(wanted):
    return str(wanted.get("TTL") or ""), sorted(_values(wanted)), _alias(wanted.get("AliasTarget"))


def _alias(target):
    return target and (target.get("HostedZoneId"), canonical(target.get("DNSName", "")))


def _check_input(changes):
    """The checks that AWS makes before it looks at the zone."""
    if not changes:
        raise _Refusal(
            "MalformedInput",
            "1 validation error detected: Value '[]' at 'changeBatch.changes' failed to satisfy constraint:"
            " Member must have"
            " length greater than or equal to 1",
        )
    records = characters = 0
    for change in changes:
        wanted = change["ResourceRecordSet"]
        if change["Action"] not in ("CREATE", "DELETE", "UPSERT"):
            raise _Refusal(
                "InvalidInput", f"Invalid XML ; Value '{change['Action']}' is not one of CREATE, DELETE, UPSERT"
            )
        if wanted["Type"] not in RECORD_TYPES:
            raise _Refusal("InvalidInput", f"Invalid XML ; Value '{wanted['Type']}' is not a record type")
        if not wanted.get("AliasTarget") and (wanted.get("TTL") is None or not wanted.get("ResourceRecords")):
            raise _Refusal(
                "InvalidInput",
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or"
                f" TrafficPolicyInstanceId], but found none in Change with [Action={change['Action']},"
                f" Name={wanted['Name']},"
                f" Type={wanted['Type']}, SetIdentifier={wanted.get('SetIdentifier', 'null')}]",
            )
        if not 0 <= int(wanted.get("TTL") or 0) <= TTL_SECONDS_MAX:
            raise _Refusal("InvalidInput", f"Invalid XML ; Value '{wanted['TTL']}' is not a valid TTL")
        weight = 2 if change["Action"] == "UPSERT" else 1
        records += weight * len(_values(wanted))
        characters += weight * sum(map(len, _values(wanted)))
    if records > BATCH_RECORDS_MAX:
        raise _Refusal("InvalidChangeBatch", "[Number of records limit of 1000 exceeded.]")
    if characters > BATCH_VALUE_CHARS_MAX:
        raise _Refusal("InvalidChangeBatch", "[Number of characters limit of 32000 exceeded.]")


def _pending(since):
    return time.time() - since < state.switches["r53_insync_s"]


def _change_info(comment=None):
    """Begins a change and tells what AWS tells of it."""
    change_id = "C" + uuid.uuid4().hex[:20].upper()
    _changes[change_id] = (time.time(), comment)
    return _shown_change(change_id, status="PENDING")


def _shown_change(change_id, status=None):
    at, comment = _changes[change_id]
    submitted = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    shown = {
        "Id": f"/change/{change_id}",
        "Status": status or ("PENDING" if _pending(at) else "INSYNC"),
        "SubmittedAt": submitted,
    }
    return dict(shown, Comment=comment) if comment else shown


def _change_resource_record_sets(self):
    changes = self._get_param("ChangeBatch.Changes")
    zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
    _check_input(changes)
    if state.switches["r53_prior_request"] and _pending(_last_change.get(zone.resource_id, 0)):
        raise _Refusal(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )
    batch = _Batch(zone)
    for change in changes:
        batch.apply(change)
    if batch.errors:
        raise _Refusal("InvalidChangeBatch", "[" + ", ".join(batch.errors) + "]")
    batch.commit()
    _last_change[zone.resource_id] = time.time()
    return ActionResult({"ChangeInfo": _change_info(self._get_param("ChangeBatch.Comment"))})


def _get_change(self):
    change_id = self._get_param("Id").split("/")[-1]
    if change_id not in _changes:
        raise _Refusal("NoSuchChange", f"Could not find resource with ID: {change_id}")
    return ActionResult({"ChangeInfo": _shown_change(change_id)})


# ---------------------------------------------------------------- zones

_moto_create_zone = models.Route53Backend.create_hosted_zone


def _create_zone(self, name, private_zone, caller_reference=None, **more):
    if caller_reference and any(zone.caller_reference == caller_reference for zone in self.zones.values()):
        raise _Refusal(
            "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."
        )
    zone = _moto_create_zone(self, canonical(name), private_zone, caller_reference, **more)
    if not more.get("delegation_set_id"):
        zone.delegation_set.name_servers = name_servers(zone.resource_id)
    servers = zone.delegation_set.name_servers
    for record in zone.rrsets:
        record.records = [f"{servers[0]}. {SOA_TAIL}"] if record.type == "SOA" else [f"{server}." for server in servers]
    return zone


def _with_change(method):
    """Gives the answer of a moto method its own change."""

    def changed(self):
        answer = method(self)
        answer.result["ChangeInfo"] = _change_info()
        return answer

    return changed


def _zone_order(name):
    return canonical(name).rstrip(".").split(".")[::-1]


def _list_zones_by_name(self):
    """Zones from `DNSName` on, ordered by reversed labels: for a name that does not exist AWS begins at the next."""
    dns_name, zone_id = self._get_param("DNSName"), self._get_param("HostedZoneId")
    limit = self._get_int_param("MaxItems", 100)
    zones = sorted(self.backend.zones.values(), key=lambda zone: (_zone_order(zone.name), zone.resource_id))
    if dns_name:
        start = (_zone_order(dns_name), (zone_id or "").split("/")[-1])
        zones = [zone for zone in zones if (_zone_order(zone.name), zone.resource_id) >= start]
    more = zones[limit] if len(zones) > limit else None
    return ActionResult({
        "DNSName": dns_name and canonical(dns_name),
        "HostedZoneId": zone_id,
        "HostedZones": zones[:limit],
        "IsTruncated": more is not None,
        "MaxItems": limit,
        "NextDNSName": more and more.name,
        "NextHostedZoneId": more and more.resource_id,
    })  # fmt: skip


_moto_list_records = models.Route53Backend.list_resource_record_sets


def _list_records(self, zone_id, start_type, start_name, max_items):
    name = canonical(start_name) if start_name else start_name
    return _moto_list_records(self, zone_id, start_type, name, min(max_items, 300))


def all_zones():
    """Every hosted zone of every account with its records: what a test's DNS server has to serve."""
    zones = []
    for account, _, backend in list(models.route53_backends.iter_backends()):
        for zone in list(backend.zones.values()):
            records = [
                {
                    "name": record.name,
                    "type": record.type,
                    "ttl": int(record.ttl or 0),
                    "values": list(record.records or []),
                    "set_identifier": record.set_identifier,
                    "alias": record.alias_target,
                }
                for record in zone.rrsets
            ]
            zones.append({
                "account": account,
                "id": zone.resource_id,
                "name": zone.name,
                "private": bool(zone.private_zone),
                "name_servers": list(zone.delegation_set.name_servers),
                "records": records,
            })  # fmt: skip
    return zones


def install():
    """Puts the changes of this module in place."""
    models.FakeZone.rrsets = property(_get_rrsets, _set_rrsets)
    models.FakeZone.add_rrset = models.FakeZone.upsert_rrset = _put_rrset
    models.Route53Backend.create_hosted_zone = _create_zone
    models.Route53Backend.list_resource_record_sets = _list_records
    handler = responses.Route53
    handler.change_resource_record_sets = _change_resource_record_sets
    handler.get_change = _get_change
    handler.list_hosted_zones_by_name = _list_zones_by_name
    for name in ("create_hosted_zone", "delete_hosted_zone"):
        setattr(handler, name, _with_change(getattr(handler, name)))
