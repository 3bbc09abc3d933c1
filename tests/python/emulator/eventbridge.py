"""EventBridge: the envelope, cross-account buses and targets, bus policies, input transformers, dead letters.

moto loses `account`, rewrites `<id>` and the like inside `detail`, delivers disabled rules, and fails the whole call
for one target that is missing.  Here delivery happens within PutEvents, in order; AWS delivers a moment later.
"""

import copy
import datetime
import fnmatch
import json
import time
import uuid

from moto.events import models
from moto.events.exceptions import ValidationException
from moto.organizations.models import organizations_backends
from moto.sqs import sqs_backends
from moto.utilities.arns import parse_arn

from . import pattern, state

ENTRIES_MAX = 10
# An event may cross from one account to another once; a rule there does not send it on.
HOPS_MAX = 1
# AWS's order of the keys.
ENVELOPE = ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "replay-name")
REQUIRED = ("Source", "DetailType", "Detail")
# PutEvents counts 14 bytes for a Time (API reference, "Calculating PutEvents event entry size").
TIME_BYTES = 14

_moto_send = models.Rule.send_to_targets


def _dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _iso(moment):
    if isinstance(moment, str):
        return moment
    return datetime.datetime.fromtimestamp(float(moment), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _envelope(event):
    shown = {key: event[key] for key in ENVELOPE if key in event}
    shown["time"] = _iso(shown["time"])
    return shown


def _at(event, path):
    """The value at a JSON path of the simple form `$.a.b`, or None."""
    value = event
    for part in path.lstrip("$").strip(".").split(".") if path != "$" else []:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def _body(rule, target, envelope):
    if target.get("Input") is not None:
        return target["Input"]
    if target.get("InputPath") is not None:
        return _dumps(_at(envelope, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return _dumps(envelope)
    values = {name: _at(envelope, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values.update({
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event.json": envelope,
        "aws.events.event.ingestion-time": envelope["time"],
    })  # fmt: skip
    body = transformer["InputTemplate"]
    for name, value in values.items():
        text = _dumps(value)
        in_quotes = text if isinstance(value, str) else json.dumps(text)
        body = body.replace(f'"<{name}>"', in_quotes).replace(f"<{name}>", text)
    return body


def _to_queue(arn, body, group=None, attributes=None):
    queue = sqs_backends[arn.account][arn.region]
    fifo = arn.resource_id.endswith(".fifo")
    queue.send_message(
        queue_name=arn.resource_id, message_body=body, group_id=group if fifo else None, message_attributes=attributes
    )


def _to_dead_letters(rule, target, body, error):
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if not arn:
        return
    values = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": "NO_RESOURCE" if "exist" in str(error) else "SDK_CLIENT_ERROR",
        "ERROR_MESSAGE": str(error) or type(error).__name__,
    }
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}
    try:
        _to_queue(parse_arn(arn), body, attributes=attributes)
    except Exception:  # a dead letter that cannot be delivered is lost, on AWS too
        pass


def _send_to_targets(rule, event, transform_input=True):
    if rule.state != "ENABLED" or not rule.event_pattern.matches_event(event):
        return
    envelope = _envelope(event)
    for target in list(rule.targets):
        arn = parse_arn(target["Arn"])
        if arn.service == "sqs":
            body = _body(rule, target, envelope)
            try:
                _to_queue(arn, body, target.get("SqsParameters", {}).get("MessageGroupId"))
            except Exception as error:  # a failed delivery never fails PutEvents
                _to_dead_letters(rule, target, body, error)
        elif arn.service == "events" and arn.resource_type == "event-bus":
            _forward(rule, arn, event)
        else:
            alone = copy.copy(rule)
            alone.targets = [target]
            _moto_send(alone, event, transform_input)


def _forward(rule, arn, event):
    """To another bus: same id, account, time and region; the rule's account has to be allowed there."""
    bus = models.events_backends[arn.account][arn.region].event_buses.get(arn.resource_id)
    hops = event.get("_hops", 0)
    if bus is None or hops >= HOPS_MAX:
        return
    entry = {"Source": event["source"], "DetailType": event["detail-type"]}
    if _allowed(bus, rule.account_id, entry):
        deliver(bus, dict(event, _hops=hops + 1))


def deliver(bus, event):
    """Gives a full event to every rule of a bus."""
    for rule in list(bus.rules.values()):
        rule.send_to_targets(copy.deepcopy(event))


def _organization_of(account):
    owner = organizations_backends.master_accounts.get(account)
    master, partition = owner or (account, "aws")
    if master not in organizations_backends:
        return None
    organization = organizations_backends[master][partition].org
    return organization.id if organization else None


def _listed(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def _statement_covers(statement, caller, entry):
    if not any(fnmatch.fnmatchcase("events:putevents", action.lower()) for action in _listed(statement.get("Action"))):
        return False
    principal = statement.get("Principal")
    names = _listed(principal.get("AWS") if isinstance(principal, dict) else principal)
    if not any(name in ("*", caller) or name.startswith(f"arn:aws:iam::{caller}:") for name in names):
        return False
    known = {
        "aws:principalorgid": _organization_of(caller),
        "aws:principalaccount": caller,
        "aws:sourceaccount": caller,
        "events:source": entry.get("Source"),
        "events:detail-type": entry.get("DetailType"),
    }
    for operator, tests in (statement.get("Condition") or {}).items():
        for key, values in tests.items():
            value = known.get(key.lower())
            if operator.startswith("StringEquals"):
                holds = value in _listed(values)
            elif operator.startswith("StringLike"):
                holds = any(fnmatch.fnmatchcase(str(value), text) for text in _listed(values))
            else:
                holds = False
            if not holds:
                return False
    return True


def _allowed(bus, caller, entry):
    if caller == bus.account_id or not state.switches["bus_policy"]:
        return True
    statements = json.loads(bus.policy)["Statement"] if bus.policy else []
    effects = [statement["Effect"] for statement in statements if _statement_covers(statement, caller, entry)]
    return "Allow" in effects and "Deny" not in effects


def _size(entry):
    texts = [entry.get(key) or "" for key in REQUIRED] + list(entry.get("Resources") or [])
    return (TIME_BYTES if entry.get("Time") is not None else 0) + sum(len(str(text).encode()) for text in texts)


def _entry_error(entry):
    missing = next((key for key in REQUIRED if not entry.get(key)), None)
    if missing:
        return "InvalidArgument", f"Parameter {missing} is not valid. Reason: {missing} is a required argument."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    return None


def _put_one(backend, entry):
    error = _entry_error(entry)
    if error:
        return {"ErrorCode": error[0], "ErrorMessage": error[1]}
    name = entry.get("EventBusName") or "default"
    if name.startswith("arn:"):
        arn = parse_arn(name)
        backend_of_bus, name = models.events_backends[arn.account][arn.region], arn.resource_id
    else:
        backend_of_bus = backend
    bus = backend_of_bus.event_buses.get(name)
    caller = backend.account_id
    if bus is not None and not _allowed(bus, caller, entry):
        return {
            "ErrorCode": "AccessDeniedException",
            "ErrorMessage": f"User: arn:aws:iam::{caller}:root is not authorized to perform: events:PutEvents on"
            " resource:"
            f" {bus.arn} because no resource-based policy allows the events:PutEvents action",
        }
    event_id = str(uuid.uuid4())
    if bus is not None:  # AWS accepts an event for a bus that does not exist, and drops it
        deliver(bus, {
            "version": "0",
            "id": event_id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": caller,
            "time": _iso(time.time() if entry.get("Time") is None else entry["Time"]),
            "region": backend_of_bus.region_name,
            "resources": entry.get("Resources") or [],
            "detail": json.loads(entry["Detail"]),
            "ingestion-time": time.time(),
        })  # fmt: skip
    return {"EventId": event_id}


def _put_events(backend, entries):
    if not entries or len(entries) > ENTRIES_MAX:
        relation = "less than or equal to 10" if entries else "greater than or equal to 1"
        raise ValidationException(
            f"1 validation error detected: Value '{entries!r:.80}' at 'entries' failed to satisfy constraint:"
            f" Member must have"
            f" length {relation}"
        )
    if sum(map(_size, entries)) > state.switches["event_limit_bytes"]:
        raise ValidationException("Total size of the entries in the request is over the limit.")
    return [_put_one(backend, entry) for entry in entries]


def inject(account, region, bus_name, envelope):
    """Puts an envelope on a bus as an AWS service would; missing keys get the usual value.  KeyError: no such bus."""
    backend = models.events_backends[account][region]
    bus = backend.event_buses[bus_name or "default"]
    event = {
        "version": "0", "id": str(uuid.uuid4()), "account": account, "time": _iso(time.time()), "region": region,
        "resources": [], "detail": {},
    }  # fmt: skip
    event.update(envelope)
    deliver(bus, event)
    return event["id"]


def install():
    """Puts the changes of this module in place."""
    pattern.install()
    models.Rule.send_to_targets = _send_to_targets
    models.EventsBackend.put_events = _put_events
