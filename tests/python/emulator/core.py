"""Changes to moto's ground floor: which account a key belongs to, no book-keeping that nobody reads, small caches."""

import functools
import secrets
import sys
import uuid

import moto.core.common_models as common_models
import moto.core.responses as core_responses
import moto.core.utils as core_utils
import moto.iam.models as iam_models
import moto.sqs.utils as sqs_utils
import moto.utilities.aws_headers as aws_headers
from moto.core.base_backend import BackendDict

from . import state

DEFAULT_ACCOUNT = "123456789012"
# As long as moto's.
RECEIPT_HANDLE_CHARS = 185

_known_keys = {}
_unknown_keys = set()
_moto_account_of = iam_models.get_account_id_from


def account_of_key(access_key):
    """The account of an access key.  moto searches every account and partition at every call; this remembers.

    A key of twelve digits is an account id: a test then needs no AssumeRole to speak for an account.
    """
    if len(access_key) == 12 and access_key.isdigit():
        return access_key
    known = _known_keys.get(access_key)
    if known:
        return known
    if access_key in _unknown_keys:
        return DEFAULT_ACCOUNT
    account = _moto_account_of(access_key)
    if account == DEFAULT_ACCOUNT:
        _unknown_keys.add(access_key)
    else:
        _known_keys[access_key] = account
    return account


@state.on_reset
def forget_keys():
    """After any call that may create or delete a key."""
    _known_keys.clear()
    _unknown_keys.clear()


def _new_untracked(cls, *_args, **_kwargs):
    # moto keeps every object it ever made for its dashboard: a leak, and it slows the wiping down.
    return object.__new__(cls)


_moto_get_access_key = core_responses.BaseResponse.get_access_key


def _get_access_key(self):
    authorization = self.headers.get("Authorization") or ""
    _, found, rest = authorization.partition("Credential=")
    return rest.partition("/")[0] if found else _moto_get_access_key(self)


def wipe():
    """Drops the state of every service of every account, and this emulator's own."""
    from moto.organizations.models import organizations_backends

    BackendDict.reset()
    organizations_backends.master_accounts.clear()
    state.reset_own_state()


def _random_text(length):
    """Unpredictable text, URL-safe.  moto asks its random generator once for each letter."""
    return secrets.token_urlsafe(length)[:length]


def _add_request_id(headers):
    headers["x-amzn-RequestId"] = request_id = str(uuid.uuid4())
    return request_id


_moto_action_from_uri = core_responses.BaseResponse._get_action_from_method_and_request_uri


def _action_from_uri(self, request):
    # moto routes each REST request four times over.
    if "_reeve_action" not in self.__dict__:
        self._reeve_action = _moto_action_from_uri(self, request), self.uri_match
    action, self.uri_match = self._reeve_action
    return action


def _replace_everywhere(old, new):
    """moto's modules import functions by name; each has to get the new one."""
    for module in [module for name, module in list(sys.modules.items()) if name.startswith("moto.")]:
        for name, value in list(vars(module).items()):
            if value is old:
                setattr(module, name, new)


def install():
    """Puts the changes of this module in place."""
    common_models.BaseModel.__new__ = _new_untracked
    iam_models.get_account_id_from = account_of_key
    iam_models.mark_account_as_visited = lambda **_: None
    core_responses.BaseResponse.get_access_key = _get_access_key
    # Authorization is not emulated: no signature check, no counting of calls until one begins.
    core_responses.BaseResponse._authenticate_and_authorize_action = lambda *_args, **_kwargs: None
    core_responses.BaseResponse._get_action_from_method_and_request_uri = _action_from_uri
    for function in (core_utils.camelcase_to_underscores, core_utils.method_names_from_class):
        _replace_everywhere(function, functools.cache(function))
    _replace_everywhere(sqs_utils.generate_receipt_handle, lambda: _random_text(RECEIPT_HANDLE_CHARS))
    _replace_everywhere(aws_headers.gen_amzn_requestid_long, _add_request_id)
