//! What an error of AWS means: one classification for every service.
//!
//! The code decides where there is one, since the SDK's own variants miss codes that an operation does not declare;
//! then the HTTP status; then how the call failed. The words of AWS are read only where its codes do not tell two
//! things apart.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::{
    assume_role::AssumeRoleError, assume_role_with_web_identity::AssumeRoleWithWebIdentityError,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use reeve_engine::FactError;
use reeve_model::FailureClass;
use std::error::Error;
use std::fmt;

use FailureClass::{AccessDenied, Conflict, Invalid, NotFound, Quota, Transient, Unknown};

/// How far a chain of causes is followed.
const CAUSES_MAX: usize = 16;

/// Why a call has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What to make of it.
    pub class: FailureClass,
    /// The code of AWS, where it gave one.
    pub code: Option<String>,
    /// The words of AWS, or what happened instead of an answer.
    pub message: String,
}

impl Failure {
    /// An answer of success that lacks what it must have: cut off on its way, so that nobody knows what was done.
    #[must_use]
    pub fn garbled(operation: &str, missing: &str) -> Self {
        Self { class: Transient, code: None, message: format!("the answer to {operation} has no {missing}") }
    }

    /// Whether the same call may pass later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.class == Transient
    }

    /// Whether AWS answered with this code.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for Failure {}

impl From<Failure> for FactError {
    fn from(failure: Failure) -> Self {
        Self(failure.to_string())
    }
}

/// Reads an error of any operation.
pub fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let answer = service.raw();
            if answer.status().is_success() {
                // The SDK makes an error of its own of an answer that lacks what it must have.
                let message = format!("an answer that cannot be read: {}", chain(service.err()));
                return Failure { class: Transient, code: None, message };
            }
            let body = answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
            let (code, message) = (service.err().code(), service.err().message());
            answered(code, message, answer.status().as_u16(), &body)
        }
        SdkError::TimeoutError(_) => Failure { class: Transient, code: None, message: "no answer in time".to_owned() },
        SdkError::ResponseError(_) => Failure {
            class: Transient,
            code: None,
            message: format!("an answer that cannot be read: {}", chain(error)),
        },
        SdkError::DispatchFailure(_) => unsent(error, Transient, "no answer"),
        SdkError::ConstructionFailure(_) => unsent(error, Invalid, "the call cannot be made"),
        // The SDK may come to know more ways to fail.
        _ => Failure { class: Unknown, code: None, message: chain(error) },
    }
}

/// An answer that is an error.
fn answered(code: Option<&str>, message: Option<&str>, status: u16, body: &str) -> Failure {
    // Route 53 has two forms of this error, and the SDK does not know the older one.
    let old_form = code.is_none() && body.contains("<InvalidChangeBatch");
    let code = if old_form { Some("InvalidChangeBatch") } else { code };
    let texts = || body.split("<Message>").skip(1).filter_map(|rest| rest.split("</Message>").next());
    let message = match message.filter(|message| !message.is_empty()) {
        Some(message) => message.to_owned(),
        None if old_form => texts().collect::<Vec<_>>().join(" "),
        None => format!("HTTP status {status}"),
    };
    let class = match code {
        Some("InvalidChangeBatch") => change_batch(&message),
        Some("ConstraintViolationException") => constraint(body),
        Some(code) => by_code(code).unwrap_or_else(|| by_status(status)),
        None => by_status(status),
    };
    Failure { class, code: code.map(str::to_owned), message }
}

/// A call that may not have been sent: the network, or credentials that could not be had.
fn unsent(error: &(dyn Error + 'static), otherwise: FailureClass, what: &str) -> Failure {
    let mut cause = Some(error);
    for _ in 0..CAUSES_MAX {
        let Some(error) = cause else { break };
        let sts = error
            .downcast_ref::<AssumeRoleError>()
            .map(ProvideErrorMetadata::meta)
            .or_else(|| error.downcast_ref::<AssumeRoleWithWebIdentityError>().map(ProvideErrorMetadata::meta));
        if let Some(meta) = sts {
            let message = format!("no credentials: {}", meta.message().unwrap_or("STS does not say why"));
            let class = meta.code().and_then(by_code).unwrap_or(Transient);
            return Failure { class, code: meta.code().map(str::to_owned), message };
        }
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = error.downcast_ref::<CredentialsError>() {
            return Failure { class: AccessDenied, code: None, message: "the gate has no credentials".to_owned() };
        }
        cause = error.source();
    }
    Failure { class: otherwise, code: None, message: format!("{what}: {}", chain(error)) }
}

/// An error and its causes, one clause each.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause.filter(|_| texts.len() < CAUSES_MAX) {
        let text = error.to_string();
        if texts.last() != Some(&text) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts.join(": ")
}

/// Route 53 has one code for a batch that is wrong and for one that no longer fits what the zone holds.
fn change_batch(message: &str) -> FailureClass {
    let stale = ["but it already exists", "but it was not found", "do not match the current values"];
    if stale.iter().any(|text| message.contains(text)) { Conflict } else { Invalid }
}

/// Organizations has one code for quotas and for rules; the reason stands beside it.
fn constraint(body: &str) -> FailureClass {
    let reason = body.split("\"Reason\"").nth(1).and_then(|rest| rest.split('"').nth(1)).unwrap_or_default();
    match reason {
        // A target would be left without a policy: what was attached has changed since the plan.
        "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED" => Conflict,
        "POLICY_CONTENT_LIMIT_EXCEEDED" => Invalid,
        reason if reason.ends_with("LIMIT_EXCEEDED") => Quota,
        _ => Invalid,
    }
}

/// What is left when the code says nothing.
fn by_status(status: u16) -> FailureClass {
    match status {
        401 | 403 => AccessDenied,
        404 | 410 => NotFound,
        409 | 412 => Conflict,
        408 | 429 | 500..=599 => Transient,
        413 => Invalid,
        // An answer that the SDK could not read, although AWS says that all went well.
        200..=299 => Transient,
        _ => Unknown,
    }
}

/// The table. Sources: the errors of each operation in the API references, the SDK's own list of throttling codes, and
/// the recorded bodies of the tests.
fn by_code(code: &str) -> Option<FailureClass> {
    let class = match code {
        "BandwidthLimitExceeded"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "ConditionalRequestConflict"
        | "EC2ThrottledException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "FinalizingOrganizationException"
        | "IDPCommunicationError"
        | "InternalError"
        | "InternalException"
        | "InternalFailure"
        | "InternalServerError"
        | "OperationAborted"
        | "PolicyChangesInProgressException"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "RequestExpired"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestTimeout"
        | "RequestTimeoutException"
        | "ResourceInUseException"
        | "ServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "SlowDown"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "TooManyUpdates"
        | "TransactionConflictException"
        | "TransactionInProgressException" => Transient,
        "AccessDenied"
        | "AccessDeniedException"
        | "AccessDeniedForDependencyException"
        | "AuthorizationError"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidIdentityToken"
        | "MissingAuthenticationToken"
        | "NotAuthorized"
        | "NotAuthorizedForSourceException"
        | "OptInRequired"
        | "RegionDisabledException"
        | "SignatureDoesNotMatch"
        | "UnauthorizedOperation"
        | "UnrecognizedClientException" => AccessDenied,
        "ConditionalCheckFailedException"
        | "ConflictException"
        | "DuplicateAccountException"
        | "DuplicateOrganizationalUnitException"
        | "DuplicatePolicyAttachmentException"
        | "DuplicatePolicyException"
        | "HostedZoneAlreadyExists"
        | "HostedZoneNotEmpty"
        | "ParameterAlreadyExists"
        | "PolicyInUseException"
        | "PolicyNotAttachedException"
        | "PreconditionFailed"
        | "ResourceAlreadyExistsException"
        | "ResourceConflictException"
        | "SourceParentNotFoundException"
        | "TransactionCanceledException" => Conflict,
        "DelegationSetNotAvailable"
        | "LimitExceededException"
        | "LimitsExceeded"
        | "OverLimit"
        | "ParameterLimitExceeded"
        | "ParameterMaxVersionLimitExceeded"
        | "TooManyHostedZones"
        | "TooManyTagsError" => Quota,
        "AWS.SimpleQueueService.NonExistentQueue"
        | "AWSOrganizationsNotInUseException"
        | "AccountNotFoundException"
        | "ChildNotFoundException"
        | "CreateAccountStatusNotFoundException"
        | "DestinationParentNotFoundException"
        | "InvalidDocument"
        | "InvalidDocumentVersion"
        | "InvalidInstanceId"
        | "InvalidResourceId"
        | "InvocationDoesNotExist"
        | "NoSuchBucket"
        | "NoSuchChange"
        | "NoSuchDelegationSet"
        | "NoSuchHostedZone"
        | "NoSuchKey"
        | "OrganizationalUnitNotFoundException"
        | "ParameterNotFound"
        | "ParameterVersionNotFound"
        | "ParentNotFoundException"
        | "PolicyNotFoundException"
        | "QueueDoesNotExist"
        | "ResourceNotFoundException"
        | "RootNotFoundException"
        | "TargetNotFoundException" => NotFound,
        "DuplicateInstanceId"
        | "HierarchyLevelLimitExceededException"
        | "HierarchyTypeMismatchException"
        | "InvalidAllowedPatternException"
        | "InvalidArgument"
        | "InvalidDomainName"
        | "InvalidEventPatternException"
        | "InvalidInput"
        | "InvalidInputException"
        | "InvalidKeyId"
        | "InvalidNextToken"
        | "InvalidParameterValue"
        | "InvalidParameterValueException"
        | "InvalidParameters"
        | "InvalidRequestContentException"
        | "MalformedDetail"
        | "MalformedInput"
        | "MalformedPolicyDocument"
        | "MalformedPolicyDocumentException"
        | "ManagedRuleException"
        | "MaxDocumentSizeExceeded"
        | "ParameterPatternMismatchException"
        | "PolicyTypeNotAvailableForOrganizationException"
        | "PolicyTypeNotEnabledException"
        | "SerializationException"
        | "UnknownOperationException"
        | "UnsupportedAPIEndpointException"
        | "UnsupportedParameterType"
        | "UnsupportedPlatformType"
        | "ValidationError"
        | "ValidationException" => Invalid,
        _ => return None,
    };
    Some(class)
}

#[cfg(test)]
mod tests;
