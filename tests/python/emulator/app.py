"""From an HTTP request to the code that answers it, and into the call log.

Services that speak JSON are called without Flask and without moto's walk through the service model: it is most of
their cost.  Route 53, STS and DynamoDB are called without Flask.  All others take moto's own way.
"""

import contextlib
import datetime
import functools
import io
import json
import threading
import traceback
import uuid

from moto.core.exceptions import ServiceException
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, Request, environ_key_for_header
from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.responses import DynamoHandler
from moto.events.responses import EventsHandler
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.organizations.responses import OrganizationsResponse
from moto.route53.responses import Route53
from moto.sqs.responses import SQSResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from . import control, core, organizations, state

JSON_SERVICES = {
    "sqs": SQSResponse,
    "events": EventsHandler,
    "ssm": SimpleSystemManagerResponse,
    "organizations": OrganizationsResponse,
}
DIRECT_SERVICES = {"route53": Route53, "sts": TokenResponse, "dynamodb": DynamoHandler}
# A call to one of these may make or delete access keys.
KEY_SERVICES = ("sts", "iam", "organizations")

# moto's objects are not made for threads.  SQS has its own locks: a long poll must not stop the others.
_locks = {name: threading.RLock() for name in [*JSON_SERVICES, *DIRECT_SERVICES, "other"] if name != "sqs"}
_seen = threading.local()


class _Headers(dict):
    """Headers by lower-case name, whatever the case of the question."""

    def get(self, name, default=None):
        return dict.get(self, name.lower(), default)

    def __getitem__(self, name):
        return dict.__getitem__(self, name.lower())

    def __contains__(self, name):
        return dict.__contains__(self, name.lower())


class _ServerRequest(Request):
    from_wsgi_server = True


def scope(call):
    """(access key, region, service) of a request signed with version 4, or of nobody."""
    _, found, rest = call.headers.get("authorization", "").partition("Credential=")
    if found:
        try:
            key, _, region, service, _ = rest.split(",")[0].split("/")
            return key, region, service.lower()
        except ValueError:
            pass
    return "", "us-east-1", ""


# ---------------------------------------------------------------- JSON services


@functools.cache
def _method_name(handler, operation):
    name = camelcase_to_underscores(operation)
    return name if name in method_names_from_class(handler) else None


def _plain(value):
    """For json.dumps: AWS's JSON protocol has times as seconds."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(f"not JSON: {type(value).__name__}")


def _json_call(service, call, account, region, operation):
    handler_class = JSON_SERVICES[service]
    handler = handler_class()
    handler.headers = _Headers(call.headers)
    handler.body = handler.raw_body = call.body.decode("utf-8")
    handler.params = json.loads(call.body or b"{}") if handler.automated_parameter_parsing or service == "ssm" else {}
    handler.querystring = handler.data = handler.uri_match = {}
    handler.response_headers = {}
    handler.method, handler.path, handler.raw_path = call.method, call.path, call.path
    handler.uri = f"http://{call.host}{call.target}"
    handler.region, handler.partition = region, get_partition(region)
    handler.current_account, handler.access_key = account, ""
    name = _method_name(handler_class, operation)
    if name is None:
        message = f"The emulator does not know {service}:{operation}"
        return 400, {}, json.dumps({"__type": "UnknownOperationException", "message": message})
    try:
        if service == "organizations":
            organizations.before(handler, operation)
        answer = getattr(handler, name)()
    except ServiceException as error:
        return handler.serialized(ActionResult(error))
    except HTTPException as error:
        return error.code, dict(error.get_headers() or []), error.description
    return _json_answer(handler, service, answer)


def _json_answer(handler, service, answer):
    if isinstance(answer, str):
        return 200, {}, answer
    if isinstance(answer, ActionResult):
        if service == "sqs" and type(answer) is not ActionResult and answer.result is not None:
            return handler.serialized(answer)
        if answer.result is None:
            return 200, {}, "{}"
        try:
            return 200, {}, json.dumps(answer.result, default=_plain)
        except TypeError:
            return handler.serialized(answer)  # an object of moto's, which needs its serializer
    status, headers, body = BaseResponse._transform_response({}, answer)
    return status, headers, body


# ---------------------------------------------------------------- the others


def _environ(call):
    environ = call.environ(io.BytesIO(call.body))
    # WSGI makes one of `-` and `_`; S3 metadata needs to know which it was.
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = {
        environ_key_for_header(name): name
        for name, _ in call.raw_headers
        if "_" in name and name.lower().startswith("x-amz-meta-")
    }
    return environ


def _direct_call(handler_class, call):
    request = _ServerRequest(_environ(call))
    return handler_class.dispatch(request, request.raw_url, dict(request.headers))


_flask = DomainDispatcherApplication(create_backend_app)


def _flask_call(call):
    answer = {}

    def start_response(status, headers, _exc_info=None):
        answer["status"], answer["headers"] = int(status.split()[0]), headers

    body = _flask(_environ(call), start_response)
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    return answer["status"], answer["headers"], content


_moto_setup_class = BaseResponse.setup_class


def _setup_class(self, *args, **kwargs):
    # Lets the call log see account, operation and parameters of calls that moto itself takes apart.
    _seen.handler = self
    return _moto_setup_class(self, *args, **kwargs)


def _seen_call(call):
    """(operation, parameters) of the call that moto has just answered on this thread."""
    handler = getattr(_seen, "handler", None)
    operation, parameters = f"{call.method} {call.path}", {}
    if handler is not None:
        try:
            operation = handler._get_action() or operation
        except Exception:  # the log then has method and path
            pass
        parameters = getattr(handler, "params", None) or {k: v for k, v in handler.querystring.items()}
        parameters = dict(parameters, **(handler.uri_match or {}))
    return operation, parameters


# ---------------------------------------------------------------- front


def _error_code(status, headers, body):
    """The AWS error code of a failed answer, as far as it can be read."""
    if status < 400:
        return None
    text = body if isinstance(body, str) else bytes(body).decode("utf-8", "replace")
    try:
        return json.loads(text).get("__type", "").split("#")[-1] or None
    except (ValueError, AttributeError):
        _, found, rest = text.partition("<Code>")
        return rest.partition("</Code>")[0] if found else None


def _failure(call, operation):
    traceback.print_exc()
    message = f"The emulator failed in {operation}"
    return 500, {}, json.dumps({"__type": "InternalFailure", "message": message})


def application(call):
    """Answers one HTTP request: (status, headers, body)."""
    if call.path.startswith("/_reeve/"):
        with contextlib.ExitStack() as everything:
            for lock in _locks.values():
                everything.enter_context(lock)
            return control.answer(call)
    key, region, service = scope(call)
    service = {"eventbridge": "events"}.get(service, service)
    target = call.headers.get("x-amz-target")
    account = call.headers.get("x-moto-account-id") or core.account_of_key(key)
    _seen.handler = None
    if service in JSON_SERVICES and target:
        operation = target.rpartition(".")[2]
        parameters = call.body
        headers_of_kind = {
            "Content-Type": "application/x-amz-json-1.1" if service != "sqs" else "application/x-amz-json-1.0"
        }
        run = functools.partial(_json_call, service, call, account, region, operation)
        # Binary message attributes need the model's walk.
        if service == "sqs" and b"BinaryValue" in call.body:
            run = functools.partial(_direct_call, SQSResponse, call)
    else:
        operation, parameters, headers_of_kind = None, None, {}
        direct = DIRECT_SERVICES.get(service)
        if service == "dynamodb" and not (target or "").startswith("DynamoDB_20120810"):
            direct = None
        run = functools.partial(_direct_call, direct, call) if direct else functools.partial(_flask_call, call)
    lock = _locks.get(service, _locks["other"]) if service != "sqs" else None
    try:
        if lock is None:
            status, headers, body = run()
        else:
            with lock:
                status, headers, body = run()
    except Exception:  # moto's bug is the caller's 500
        status, headers, body = _failure(call, operation or f"{call.method} {call.path}")
    if operation is None:
        operation, parameters = _seen_call(call)
    if service in KEY_SERVICES:
        core.forget_keys()
    status = int(status)
    state.calls.add(service, operation, account, region, status, _error_code(status, headers, body), parameters)
    if headers_of_kind:
        headers = {**headers, **headers_of_kind, "x-amzn-RequestId": str(uuid.uuid4())}
    return status, headers, body


def install():
    """Puts the changes of this module in place."""
    BaseResponse.setup_class = _setup_class
