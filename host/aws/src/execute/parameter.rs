//! SSM Parameter Store: PutParameter and DeleteParameter.

use super::calls::{Calls, End};
use crate::bucket::Service;
use crate::client::Aws;
use aws_sdk_ssm::types::ParameterType;
use reeve_model::action::{DeleteParameter, PutParameter};
use reeve_model::{FailureClass, Outcome, State};

/// Puts a parameter whose value is still the one that was judged.
pub(super) fn put(aws: &Aws, action: &PutParameter, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    if let Some(outcome) = standing(aws, action, calls)? {
        return Ok(outcome);
    }
    calls.intend()?;
    let client = aws.ssm();
    let answer = calls.call(aws, Service::Ssm, "PutParameter", || {
        let call = client.put_parameter().name(&action.name).value(&action.value);
        let call = call.r#type(ParameterType::from(action.parameter_type.as_str()));
        call.overwrite(action.overwrite).send()
    });
    match answer {
        Ok(answer) => Ok(Outcome::of(State::Applied).detail("version", answer.version().to_string())),
        // The SDK may have made the call twice, and the answer to the first is lost.
        Err(End::Failed(failure)) if failure.is("ParameterAlreadyExists") => {
            let standing = standing(aws, action, calls)?;
            standing.ok_or(End::Failed(failure))
        }
        Err(end) => Err(end),
    }
}

/// The outcome when nothing is to be put: the value is there, or another than the one that was judged.
fn standing(aws: &Aws, action: &PutParameter, calls: &mut Calls<'_>) -> Result<Option<Outcome>, End> {
    let current = current(aws, &action.name, calls)?;
    let value = current.as_ref().map(|(value, _)| value.as_str());
    if current.as_ref().is_some_and(|(value, kind)| *value == action.value && *kind == action.parameter_type) {
        return Ok(Some(Outcome::of(calls.already())));
    }
    if value != action.before.as_deref() {
        let message = "the parameter has changed since the request was judged";
        return Ok(Some(Outcome::failed(FailureClass::Conflict, message)));
    }
    Ok(None)
}

/// Value and type. A SecureString stays encrypted: it equals nothing that was planned.
fn current(aws: &Aws, name: &str, calls: &mut Calls<'_>) -> Result<Option<(String, String)>, End> {
    let client = aws.ssm();
    match calls.call(aws, Service::Ssm, "GetParameter", || client.get_parameter().name(name).send()) {
        Ok(answer) => {
            let parameter = answer.parameter();
            let value = parameter.and_then(|it| it.value()).unwrap_or_default();
            let kind = parameter.and_then(|it| it.r#type()).map(ParameterType::as_str).unwrap_or_default();
            Ok(Some((value.to_owned(), kind.to_owned())))
        }
        Err(End::Failed(failure)) if failure.is("ParameterNotFound") => Ok(None),
        Err(end) => Err(end),
    }
}

/// Deletes a parameter.
pub(super) fn delete(aws: &Aws, action: &DeleteParameter, calls: &mut Calls<'_>) -> Result<Outcome, End> {
    // Whether an earlier try may have deleted it; the note of this try does not say that.
    let gone = calls.already();
    calls.intend()?;
    let client = aws.ssm();
    match calls.call(aws, Service::Ssm, "DeleteParameter", || client.delete_parameter().name(&action.name).send()) {
        Ok(_) => Ok(Outcome::of(State::Applied)),
        Err(End::Failed(failure)) if failure.is("ParameterNotFound") => Ok(Outcome::of(gone)),
        Err(end) => Err(end),
    }
}
