"""Systems Manager: managed instances, commands that take time and end as a test decides, the size of parameters."""

import datetime
import json
import time
import uuid

from moto.core.responses import ActionResult
from moto.ssm import models, responses
from moto.ssm.exceptions import SSMException

from . import paging, state

PAGE_MAX = 50
VALUE_STANDARD_CHARS_MAX = 4096
VALUE_ADVANCED_CHARS_MAX = 8192
COMMAND_HOURS_DEFAULT = 2
STDOUT_CHARS_MAX = 24_000
STDERR_CHARS_MAX = 8_000

# (account, region) -> {instance id: description}; (account, region) -> [_Command], oldest first.
_instances = {}
_commands = {}
# What becomes of a command: rules of POST /_reeve/commands, the first that fits decides.
_outcomes = []
_invocations_asked = set()


@state.on_reset
def _forget():
    for store in (_instances, _commands, _outcomes, _invocations_asked):
        store.clear()


def _refusal(code, message):
    return SSMException(code, message)


def set_instances(account, region, instances):
    """Replaces the managed instances of an account and region."""
    _instances[(account, region)] = {instance["InstanceId"]: instance for instance in instances}


def set_outcomes(rules):
    """Replaces the rules {document?, contains?, account?, status, stdout?, stderr?, response_code?, seconds?}."""
    _outcomes[:] = rules


class _Command:
    """One SendCommand.  Its state is a function of the time since."""

    def __init__(self, account, request):
        self.id = str(uuid.uuid4())
        self.request = request
        self.account = account
        self.at = time.time()
        self.instances = list(request.get("InstanceIds") or [])
        for target in request.get("Targets") or []:
            if target.get("Key") == "InstanceIds":
                self.instances += target.get("Values", [])
        self.outcome = next((rule for rule in _outcomes if self._fits(rule)), {"status": "Success"})
        self.seconds = float(self.outcome.get("seconds", state.switches["ssm_command_s"]))

    def _fits(self, rule):
        if rule.get("account") not in (None, self.account):
            return False
        if rule.get("document") not in (None, self.request.get("DocumentName")):
            return False
        return rule.get("contains", "") in json.dumps(self.request.get("Parameters") or {}, ensure_ascii=False)

    def status(self):
        age = time.time() - self.at
        if age < self.seconds / 3:
            return "Pending"
        if age < self.seconds:
            return "InProgress"
        return self.outcome.get("status", "Success")

    def details(self):
        return {"TimedOut": "Execution Timed Out"}.get(self.status(), self.status())

    def describe(self):
        request, status = self.request, self.status()
        done = status not in ("Pending", "InProgress")
        count = len(self.instances)
        hours = datetime.timedelta(hours=COMMAND_HOURS_DEFAULT)
        begun = datetime.datetime.fromtimestamp(self.at, datetime.timezone.utc)
        return {
            "CommandId": self.id,
            "DocumentName": request.get("DocumentName"),
            "DocumentVersion": request.get("DocumentVersion", "$DEFAULT"),
            "Comment": request.get("Comment", ""),
            "ExpiresAfter": begun + hours + datetime.timedelta(seconds=request.get("TimeoutSeconds") or 3600),
            "Parameters": request.get("Parameters") or {},
            "InstanceIds": request.get("InstanceIds") or [],
            "Targets": request.get("Targets") or [],
            "RequestedDateTime": begun,
            "Status": status,
            "StatusDetails": self.details(),
            "OutputS3BucketName": request.get("OutputS3BucketName", ""),
            "OutputS3KeyPrefix": request.get("OutputS3KeyPrefix", ""),
            "MaxConcurrency": request.get("MaxConcurrency", "50"),
            "MaxErrors": request.get("MaxErrors", "0"),
            "TargetCount": count,
            "CompletedCount": count if done else 0,
            "ErrorCount": count if done and status != "Success" else 0,
            "DeliveryTimedOutCount": 0,
            "ServiceRole": request.get("ServiceRoleArn", ""),
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "TimeoutSeconds": request.get("TimeoutSeconds") or 3600,
        }

    def invocation(self, instance_id):
        status = self.status()
        done = status not in ("Pending", "InProgress")
        code = self.outcome.get("response_code", 0 if status == "Success" else 1) if done else -1
        begun = datetime.datetime.fromtimestamp(self.at, datetime.timezone.utc).isoformat()
        return {
            "CommandId": self.id,
            "InstanceId": instance_id,
            "Comment": self.request.get("Comment", ""),
            "DocumentName": self.request.get("DocumentName"),
            "DocumentVersion": self.request.get("DocumentVersion", "$DEFAULT"),
            "PluginName": "aws:runPowerShellScript",
            "ResponseCode": code,
            "ExecutionStartDateTime": begun if status != "Pending" else "",
            "ExecutionElapsedTime": f"PT{self.seconds}S" if done else "",
            "ExecutionEndDateTime": begun if done else "",
            "Status": status,
            "StatusDetails": self.details(),
            "StandardOutputContent": self.outcome.get("stdout", "")[:STDOUT_CHARS_MAX] if done else "",
            "StandardOutputUrl": "",
            "StandardErrorContent": self.outcome.get("stderr", "")[:STDERR_CHARS_MAX] if done else "",
            "StandardErrorUrl": "",
        }


def _here(self):
    return self.current_account, self.region


def _page(self, items):
    size = int(self._get_param("MaxResults") or PAGE_MAX)
    bad = _refusal("InvalidNextToken", "The specified token is not valid.")
    return paging.page(items, self._get_param("NextToken"), size, bad)


def _answer(name, items, token):
    return ActionResult({name: items, "NextToken": token} if token else {name: items})


# ---------------------------------------------------------------- instances

_INFORMATION_KEYS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "PlatformType": "PlatformType",
    "ResourceType": "ResourceType",
}


def _describe_instance_information(self):
    wanted = [(f.get("Key"), f.get("Values")) for f in self._get_param("Filters") or []]
    wanted += [(f.get("key"), f.get("valueSet")) for f in self._get_param("InstanceInformationFilterList") or []]
    defaults = {
        "PingStatus": "Online", "PlatformType": "Windows", "ResourceType": "EC2Instance", "AgentVersion": "3.3.2746.0",
        "IsLatestVersion": True,
    }  # fmt: skip
    found = [dict(defaults, **instance) for instance in _instances.get(_here(self), {}).values()]
    for key, values in wanted:
        if key not in _INFORMATION_KEYS:
            raise _refusal("InvalidFilterKey", f"Invalid filter key: {key}")
        found = [instance for instance in found if instance.get(_INFORMATION_KEYS[key]) in values]
    return _answer("InstanceInformationList", *_page(self, found))


# ---------------------------------------------------------------- commands


def _send_command(self):
    account, region = _here(self)
    request = {key: value for key, value in self.params.items() if value is not None}
    command = _Command(account, request)
    known = _instances.get((account, region))
    if known:
        online = {name for name, instance in known.items() if instance.get("PingStatus", "Online") != "Inactive"}
        bad = [name for name in command.instances if name not in online]
        if bad:
            raise _refusal(
                "InvalidInstanceId", f"Instances [[{', '.join(bad)}]] not in a valid state for account {account}"
            )
    _check_document(account, region, request.get("DocumentName", ""))
    _commands.setdefault((account, region), []).append(command)
    # Counts and status of the answer are those of the first moment, however short the command is.
    shown = dict(command.describe(), Status="Pending", StatusDetails="Pending", CompletedCount=0, ErrorCount=0)
    return ActionResult({"Command": shown})


def _check_document(account, region, name):
    if not state.switches["ssm_strict_documents"] or name.startswith("AWS-"):
        return
    if name.startswith("arn:"):
        region, account, name = name.split(":")[3], name.split(":")[4], name.split("/", 1)[-1]
    if name not in models.ssm_backends[account][region]._documents:
        raise _refusal("InvalidDocument", f"Document with name {name} does not exist.")


def _moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _passes(command, key, value):
    if key == "InvokedAfter":
        return command.at >= _moment(value)
    if key == "InvokedBefore":
        return command.at < _moment(value)
    if key == "Status":
        return command.status() == value
    if key == "DocumentName":
        return command.request.get("DocumentName") == value
    if key == "ExecutionStage":
        return value == ("Executing" if command.status() in ("Pending", "InProgress") else "Complete")
    raise _refusal("InvalidFilterKey", f"Invalid filter key: {key}")


def _selected(self):
    commands = _commands.get(_here(self), [])[::-1]
    command_id, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
    if command_id:
        commands = [command for command in commands if command.id == command_id]
        if not commands:
            raise _refusal("InvalidCommandId", "Invalid command id.")
    if instance_id:
        commands = [command for command in commands if instance_id in command.instances]
    for wanted in self._get_param("Filters") or []:
        commands = [c for c in commands if _passes(c, wanted.get("key"), wanted.get("value"))]
    return commands


def _list_commands(self):
    commands, token = _page(self, _selected(self))
    return _answer("Commands", [command.describe() for command in commands], token)


def _list_command_invocations(self):
    wanted = self._get_param("InstanceId")
    found = [(c, name) for c in _selected(self) for name in c.instances if wanted in (None, name)]
    page, token = _page(self, found)
    keys = ("CommandId", "InstanceId", "Comment", "DocumentName", "DocumentVersion", "Status", "StatusDetails")
    shown = []
    for command, instance_id in page:
        invocation = command.invocation(instance_id)
        at = datetime.datetime.fromtimestamp(command.at, datetime.timezone.utc)
        shown.append(dict({key: invocation[key] for key in keys}, RequestedDateTime=at))
    return _answer("CommandInvocations", shown, token)


def _get_command_invocation(self):
    command_id, instance_id = self._get_param("CommandId"), self._get_param("InstanceId")
    command = next((c for c in _commands.get(_here(self), []) if c.id == command_id), None)
    late = False
    if state.switches["ssm_invocation_late"] and (command_id, instance_id) not in _invocations_asked:
        _invocations_asked.add((command_id, instance_id))
        late = True
    if command is None or instance_id not in command.instances or late:
        raise _refusal("InvocationDoesNotExist", "")
    return ActionResult(command.invocation(instance_id))


# ---------------------------------------------------------------- parameters

_moto_put_parameter = responses.SimpleSystemManagerResponse.put_parameter


def _put_parameter(self):
    value, tier = self._get_param("Value") or "", self._get_param("Tier") or "Standard"
    if tier == "Standard" and len(value) > VALUE_STANDARD_CHARS_MAX:
        raise _refusal(
            "ValidationException",
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger"
            " parameter"
            " value, upgrade the parameter to use the advanced-parameter tier. For more information, see"
            " https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
        )
    if len(value) > VALUE_ADVANCED_CHARS_MAX:
        raise _refusal(
            "ValidationException",
            f"1 validation error detected: Value '{value[:20]}' at 'value' failed to satisfy constraint: Member"
            f" must have"
            f" length less than or equal to {VALUE_ADVANCED_CHARS_MAX}.",
        )
    return _moto_put_parameter(self)


def install():
    """Puts the changes of this module in place."""
    handler = responses.SimpleSystemManagerResponse
    for function in (
        _describe_instance_information, _send_command, _list_commands, _list_command_invocations,
        _get_command_invocation, _put_parameter,
    ):  # fmt: skip
        setattr(handler, function.__name__.lstrip("_"), function)
