"""What the emulator remembers beside moto's own state: switches and the call log; and who forgets what at a reset."""

import collections
import itertools
import json
import os
import threading
import time

# Enough for the longest load test; older calls fall off, so that a forgotten server does not eat the machine.
CALLS_KEPT_MAX = 500_000


def _seconds(variable, default):
    return float(os.environ.get(variable, default))


# Name -> default.  Times are in seconds.  POST /_reeve/switches changes them, a reset brings the defaults back.
SWITCH_DEFAULTS = {
    # How long a Route 53 change stays PENDING.
    "r53_insync_s": _seconds("R53_INSYNC_S", 0),
    # Refuse a second change of a zone while one is PENDING (PriorRequestNotComplete).
    "r53_prior_request": False,
    # How long CreateAccount stays IN_PROGRESS.
    "org_create_s": _seconds("ORG_CREATE_S", 0.2),
    # How long a command runs: a third of it Pending, the rest InProgress.
    "ssm_command_s": _seconds("SSM_COMMAND_S", 0.2),
    # The first GetCommandInvocation of each invocation answers InvocationDoesNotExist.
    "ssm_invocation_late": False,
    # SendCommand refuses a document that does not exist (names that begin with `AWS-` always exist).
    "ssm_strict_documents": False,
    # Enforce event bus policies for callers of other accounts.
    "bus_policy": os.environ.get("BUS_POLICY") == "1",
    # Largest sum of the sizes of the entries of one PutEvents call, in bytes.
    "event_limit_bytes": int(os.environ.get("EVENT_LIMIT", 1024 * 1024)),
}

switches = dict(SWITCH_DEFAULTS)

_forget = []


def on_reset(function):
    """Registers what a module has to do when everything is wiped."""
    _forget.append(function)
    return function


def reset_own_state():
    """Brings back the default switches, empties the call log, and lets every module forget."""
    switches.update(SWITCH_DEFAULTS)
    calls.clear()
    for function in _forget:
        function()


class CallLog:
    """Every AWS call in the order of its end.  Parameters are decoded only when somebody asks: most are never."""

    def __init__(self):
        self._calls = collections.deque(maxlen=CALLS_KEPT_MAX)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, service, operation, account, region, status, error, parameters):
        """`parameters` is either the decoded value or the raw JSON body as bytes."""
        with self._lock:
            number = next(self._numbers)
            self._calls.append((number, service, operation, account, region, time.time(), status, error, parameters))

    def clear(self):
        """Empties the log.  Numbers go on: a number names one call for the life of the process."""
        with self._lock:
            self._calls.clear()

    def select(self, **wanted):
        """The calls for which every given field (service, operation, account, region, ok) has the given text."""
        with self._lock:
            calls = list(self._calls)
        shown = (_shown(call, wanted) for call in calls)
        return [call for call in shown if call is not None]


def _shown(call, wanted):
    number, service, operation, account, region, at, status, error, parameters = call
    ok = status < 400
    fields = {"service": service, "operation": operation, "account": account, "region": region, "ok": str(ok).lower()}
    if any(fields.get(key, value) != value for key, value in wanted.items()):
        return None
    if isinstance(parameters, bytes):
        try:
            parameters = json.loads(parameters or b"{}")
        except ValueError:
            parameters = {"raw": parameters.decode("utf-8", "replace")}
    return {
        "n": number, "service": service, "operation": operation, "account": account, "region": region, "time": at,
        "ok": ok, "status": status, "error": error, "request": parameters,
    }  # fmt: skip


calls = CallLog()
