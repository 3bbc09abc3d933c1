"""The control endpoints below `/_reeve/`: for tests only, no AWS call has such a path."""

import json
from urllib.parse import parse_qsl

from . import core, eventbridge, organizations, route53, ssm, state

REGION_DEFAULT = "us-east-1"


def _calls(call, query, _body):
    if call.method == "DELETE":
        state.calls.clear()
        return {}
    return state.calls.select(**query)


def _reset(_call, _query, _body):
    core.wipe()
    return {}


def _event(_call, _query, body):
    event_id = eventbridge.inject(
        body.get("account", core.DEFAULT_ACCOUNT), body.get("region", REGION_DEFAULT), body.get("bus"), body["event"]
    )
    return {"id": event_id}


def _switches(call, _query, body):
    if call.method != "GET":
        unknown = sorted(set(body) - set(state.SWITCH_DEFAULTS))
        if unknown:
            raise KeyError(f"no such switch: {', '.join(unknown)}")
        state.switches.update(body)
    return state.switches


def _instances(_call, _query, body):
    ssm.set_instances(body.get("account", core.DEFAULT_ACCOUNT), body.get("region", REGION_DEFAULT), body["instances"])
    return {}


def _commands(_call, _query, body):
    ssm.set_outcomes(body["rules"])
    return {}


def _zones(_call, _query, _body):
    return route53.all_zones()


def _settle(_call, _query, _body):
    organizations.settle()
    return {}


# Path -> (methods, function).
ROUTES = {
    "/_reeve/ready": (("GET",), lambda *_: {"ready": True}),
    "/_reeve/calls": (("GET", "DELETE"), _calls),
    "/_reeve/reset": (("POST",), _reset),
    "/_reeve/event": (("POST",), _event),
    "/_reeve/switches": (("GET", "POST"), _switches),
    "/_reeve/instances": (("POST",), _instances),
    "/_reeve/commands": (("POST",), _commands),
    "/_reeve/settle": (("POST",), _settle),
    "/_reeve/zones": (("GET",), _zones),
}


def answer(call):
    """Answers one control request; what is wrong with it is a 400 with an `error`."""
    headers = {"Content-Type": "application/json"}
    methods, function = ROUTES.get(call.path, ((), None))
    if function is None:
        return 404, headers, json.dumps({"error": f"no such endpoint: {call.path}"})
    if call.method not in methods:
        return 405, headers, json.dumps({"error": f"{call.path} takes {' or '.join(methods)}"})
    try:
        body = json.loads(call.body or b"{}")
        found = function(call, dict(parse_qsl(call.query)), body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return 400, headers, json.dumps({"error": f"{type(error).__name__}: {error}"})
    return 200, headers, json.dumps(found, default=str)
