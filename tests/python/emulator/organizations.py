"""Organizations: accounts that take time to create, and the refusals that moto does not know."""

import json
import time

from moto.core.utils import unix_time
from moto.organizations import models, responses, utils
from moto.organizations.exceptions import AccountNotFoundException, OrganizationsClientError

from . import paging, state

PAGE_MAX = 20
# Quotas of 15 May 2026.
SCP_CHARS_MAX = 10_240
SCPS_PER_TARGET_MAX = 10
SCPS_PER_TARGET_MIN = 1
SCP = "SERVICE_CONTROL_POLICY"
# A member account may ask only this.
MEMBER_MAY = {"DescribeOrganization"}

# Create-account request id -> _Creation, in the order of the calls.
_creations = {}


@state.on_reset
def _forget():
    _creations.clear()


def refusal(code, message, reason=None):
    """An error of the service; `reason` is the member that ConstraintViolationException and others carry."""
    error = OrganizationsClientError(code, message)
    if reason:
        error.Reason = error.reason = reason
    return error


def _constraint(reason, message):
    return refusal("ConstraintViolationException", message, reason)


class _Creation:
    """One CreateAccount call: in progress until `due`, then an account or a failure."""

    def __init__(self, backend, request):
        self.backend = backend
        self.id = utils.make_random_create_account_status_id()
        self.request = request
        self.begun = unix_time()
        self.due = time.monotonic() + state.switches["org_create_s"]
        self.completed = None
        self.account = None
        self.failure = None

    def settle(self):
        """Finishes the creation once its time has come."""
        if self.completed or time.monotonic() < self.due:
            return
        backend = self.backend
        if any(account.email.lower() == self.request["Email"].lower() for account in backend.accounts):
            self.failure = "EMAIL_ALREADY_EXISTS"
        else:
            # moto's own CreateAccount: into the root, with FullAWSAccess and the tags.
            answer = _moto_create_account(backend, **self.request)
            self.account = backend.get_account_by_id(answer["CreateAccountStatus"]["AccountId"])
            self.account.create_account_status_id = self.id
        self.completed = unix_time()

    def describe(self):
        shown = {"Id": self.id, "AccountName": self.request["AccountName"], "RequestedTimestamp": self.begun}
        if not self.completed:
            return dict(shown, State="IN_PROGRESS")
        shown["CompletedTimestamp"] = self.completed
        if self.failure:
            return dict(shown, State="FAILED", FailureReason=self.failure)
        return dict(shown, State="SUCCEEDED", AccountId=self.account.id)


def settle():
    """Finishes what is due.  Called before every Organizations call: nobody learns of an account in another way."""
    for creation in list(_creations.values()):
        creation.settle()


_moto_create_account = models.OrganizationsBackend.create_account


def before(handler, operation):
    """The checks that come before any operation: is there an organization, and may this account ask."""
    settle()
    backend = handler.organizations_backend
    if backend.org is not None or operation == "CreateOrganization":
        return
    if backend.account_id not in models.organizations_backends.master_accounts:
        raise refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    if operation not in MEMBER_MAY:
        raise refusal("AccessDeniedException", "You don't have permissions to access this resource.")


def _page(handler, items):
    size = handler._get_param("MaxResults")
    size = PAGE_MAX if size is None else int(size)
    if not 1 <= size <= PAGE_MAX:
        raise refusal("InvalidInputException", "You specified an invalid value.", "MAX_VALUE_EXCEEDED")
    bad = refusal("InvalidInputException", "You specified an invalid value.", "INVALID_NEXT_TOKEN")
    return paging.page(items, handler._get_param("NextToken"), size, bad)


def _answer(name, items, token):
    answer = {name: items}
    if token:
        answer["NextToken"] = token
    return json.dumps(answer)


# ---------------------------------------------------------------- accounts


def _create_organization(self):
    # With all features, AWS enables service control policies in the new root (API reference, CreateOrganization).
    answer = self.organizations_backend.create_organization(region=self.region, **self.request_params)
    if answer["Organization"]["FeatureSet"] == "ALL":
        self.organizations_backend._get_root_by_id(self.organizations_backend.org.root_id).add_policy_type(SCP)
    return json.dumps(answer)


def _create_account(self):
    creation = _Creation(self.organizations_backend, self.request_params)
    _creations[creation.id] = creation
    return json.dumps({"CreateAccountStatus": creation.describe()})


def _describe_create_account_status(self):
    creation = _creations.get(self._get_param("CreateAccountRequestId"))
    if creation is None or creation.backend is not self.organizations_backend:
        raise refusal(
            "CreateAccountStatusNotFoundException",
            "We can't find an create account request with the CreateAccountRequestId that you specified.",
        )
    return json.dumps({"CreateAccountStatus": creation.describe()})


def _list_create_account_status(self):
    states = self._get_param("States") or ["IN_PROGRESS", "SUCCEEDED", "FAILED"]
    mine = [creation for creation in _creations.values() if creation.backend is self.organizations_backend]
    shown = [creation.describe() for creation in mine]
    return _answer("CreateAccountStatuses", *_page(self, [status for status in shown if status["State"] in states]))


def _list_accounts(self):
    return _answer("Accounts", *_page(self, [account.describe() for account in self.organizations_backend.accounts]))


def _list_accounts_for_parent(self):
    backend = self.organizations_backend
    parent = backend.validate_parent_id(self._get_param("ParentId"))
    return _answer("Accounts", *_page(self, [a.describe() for a in backend.accounts if a.parent_id == parent]))


def _list_children(self):
    backend = self.organizations_backend
    children = backend.list_children(**{key: self._get_param(key) for key in ("ParentId", "ChildType")})["Children"]
    return _answer("Children", *_page(self, children))


def _container(backend, container_id):
    return next((ou for ou in backend.ou if ou.id == container_id), None)


def _move_account(self):
    backend = self.organizations_backend
    account_id, source, destination = (
        self._get_param(key) for key in ("AccountId", "SourceParentId", "DestinationParentId")
    )
    account = next((account for account in backend.accounts if account.id == account_id), None)
    if account is None:
        raise AccountNotFoundException
    if _container(backend, destination) is None:
        raise refusal(
            "DestinationParentNotFoundException",
            "We can't find the destination container (a root or OU) with the ParentId that you specified.",
        )
    if _container(backend, source) is None or account.parent_id != source:
        raise refusal(
            "SourceParentNotFoundException", "We can't find a source root or OU with the ParentId that you specified."
        )
    if account.parent_id == destination:
        raise refusal("DuplicateAccountException", "That account is already present in the specified destination.")
    account.parent_id = destination
    return "{}"


def _create_organizational_unit(self):
    backend = self.organizations_backend
    name, parent = self._get_param("Name"), self._get_param("ParentId")
    if _container(backend, parent) is None:
        raise refusal("ParentNotFoundException", "We can't find a root or OU with the ParentId that you specified.")
    if any(ou.parent_id == parent and ou.name == name for ou in backend.ou):
        raise refusal("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
    return json.dumps(backend.create_organizational_unit(**self.request_params))


# ---------------------------------------------------------------- policies


def _check_content(policy_type, content):
    if policy_type == SCP and len(content) > SCP_CHARS_MAX:
        raise _constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "You have exceeded the maximum policy size.")
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise refusal(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        )


def _check_mutable(policy):
    if policy.aws_managed:
        raise refusal("InvalidInputException", "You can't modify an AWS managed policy.", "IMMUTABLE_POLICY")


def _create_policy(self):
    _check_content(self._get_param("Type"), self._get_param("Content"))
    return json.dumps(self.organizations_backend.create_policy(**self.request_params))


def _update_policy(self):
    policy = self.organizations_backend.get_policy_by_id(self._get_param("PolicyId"))
    _check_mutable(policy)
    if self._get_param("Content") is not None:
        _check_content(policy.type, self._get_param("Content"))
    return json.dumps(self.organizations_backend.update_policy(**self.request_params))


def _delete_policy(self):
    _check_mutable(self.organizations_backend.get_policy_by_id(self._get_param("PolicyId")))
    self.organizations_backend.delete_policy(**self.request_params)
    return "{}"


def _policy_and_target(self):
    backend = self.organizations_backend
    policy = backend.get_policy_by_id(self._get_param("PolicyId"))
    target_id = self._get_param("TargetId")
    target = next((item for item in [*backend.ou, *backend.accounts] if item.id == target_id), None)
    if target is None:
        raise refusal(
            "TargetNotFoundException",
            "We can't find a root, OU, account, or policy with the TargetId that you specified.",
        )
    enabled = [kind["Type"] for kind in backend._get_root_by_id(backend.org.root_id).policy_types]
    if policy.type not in enabled:
        raise refusal("PolicyTypeNotEnabledException", "This operation can be performed only for enabled policy types.")
    return policy, target


def _attached(target, policy_type):
    return sum(1 for policy in target.attached_policies if policy.type == policy_type)


def _attach_policy(self):
    policy, target = _policy_and_target(self)
    if policy in target.attached_policies:
        raise refusal(
            "DuplicatePolicyAttachmentException", "The selected policy is already attached to the specified target."
        )
    if policy.type == SCP and _attached(target, SCP) >= SCPS_PER_TARGET_MAX:
        raise _constraint(
            "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You have attached the maximum number of service control policies to the specified target.",
        )
    self.organizations_backend.attach_policy(**self.request_params)
    return "{}"


def _detach_policy(self):
    policy, target = _policy_and_target(self)
    if policy not in target.attached_policies:
        raise refusal(
            "PolicyNotAttachedException", "The policy isn't attached to the specified target in the specified root."
        )
    if policy.type == SCP and _attached(target, SCP) <= SCPS_PER_TARGET_MIN:
        raise _constraint(
            "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
            "You cannot remove the last policy of this type attached to the specified target.",
        )
    self.organizations_backend.detach_policy(**self.request_params)
    return "{}"


def _list_targets_for_policy(self):
    targets = self.organizations_backend.list_targets_for_policy(PolicyId=self._get_param("PolicyId"))["Targets"]
    return _answer("Targets", *_page(self, targets))


def install():
    """Puts the changes of this module in place."""
    handler = responses.OrganizationsResponse
    for function in (
        _create_organization, _create_account, _describe_create_account_status, _list_create_account_status,
        _list_accounts, _list_accounts_for_parent, _list_children, _move_account, _create_organizational_unit,
        _create_policy, _update_policy, _delete_policy, _attach_policy, _detach_policy, _list_targets_for_policy,
    ):  # fmt: skip
        setattr(handler, function.__name__.lstrip("_"), function)
