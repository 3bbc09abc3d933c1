//! What follows from who makes a call: the global condition keys of a principal (IAM user guide, "AWS global condition
//! context keys").

use crate::call::{Key, Keys};

/// Where the roles are that AWS services own (IAM user guide, "Service-linked roles"). Policies do not bind them.
const SERVICE_LINKED_PATH: &str = "role/aws-service-role/";

/// The key that names the caller.
pub(crate) const PRINCIPAL_ARN: &str = "aws:principalarn";

/// The key that says whether a service made the call with the caller's credentials.
pub(crate) const VIA_SERVICE: &str = "aws:viaawsservice";

/// Services that do not support `aws:ViaAWSService`, by prefix: EC2, Glue, Lake Formation and OpsWorks (IAM user guide,
/// "AWS global condition context keys": "The following services do not currently support"). The page does not say what
/// calls to them, and calls by them, have instead.
const WITHOUT_VIA: [&str; 5] = ["ec2", "glue", "lakeformation", "opsworks", "opsworks-cm"];

/// Whether nobody says what `aws:ViaAWSService` is in calls to this service, or in calls that it makes for a caller; by
/// lower-case prefix or by the first label of its endpoint, which are the same for these.
pub(crate) fn hides_via(service: &str) -> bool {
    WITHOUT_VIA.contains(&service)
}

/// The resource part of an ARN or of a pattern of ARNs.
fn resource(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or_default()
}

/// Whether a call with these keys is made by a service-linked role. An unknown caller is taken for an ordinary one.
pub(crate) fn is_service_linked(keys: &Keys) -> bool {
    match keys.get(PRINCIPAL_ARN) {
        Key::Values(values) => !values.is_empty() && values.iter().all(|arn| is_service_linked_arn(arn)),
        Key::Like(pattern) => is_service_linked_arn(&pattern.to_string()),
        Key::Absent | Key::Unknown => false,
    }
}

/// Whether the ARN is that of a service-linked role.
pub(crate) fn is_service_linked_arn(arn: &str) -> bool {
    resource(arn).starts_with(SERVICE_LINKED_PATH)
}

/// Sets what follows from a direct call of the service by the principal.
pub(crate) fn set(keys: &mut Keys, service: &str, arn: &str, account: &str) {
    keys.set("aws:PrincipalArn", Key::like(arn));
    keys.set("aws:PrincipalAccount", Key::like(account));
    let kind = resource(arn);
    let (kind, username) = if let Some(path) = kind.strip_prefix("user/") {
        // `aws:username` is the name without the path; after a `*` nobody knows where the path ends.
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = if path.contains(['*', '?']) { Key::present() } else { Key::value(name) };
        (Key::value("User"), name)
    } else if kind.starts_with("role/") {
        (Key::value("AssumedRole"), Key::Absent)
    } else if kind == "root" {
        (Key::value("Account"), Key::Absent)
    } else if kind.starts_with("federated-user/") {
        (Key::value("FederatedUser"), Key::Absent)
    } else {
        (Key::present(), Key::Unknown)
    };
    keys.set("aws:PrincipalType", kind);
    keys.set("aws:username", username);
    // The caller is a principal of an account and calls for itself.
    keys.set("aws:PrincipalIsAWSService", Key::value("false"));
    keys.set(VIA_SERVICE, if hides_via(service) { Key::Unknown } else { Key::value("false") });
    for absent in [
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        // Both are there when a service principal calls a resource, and then alone.
        "aws:SourceArn",
        "aws:SourceAccount",
    ] {
        keys.set(absent, Key::Absent);
    }
    // In every request, whoever makes it.
    for present in ["aws:userid", "aws:CurrentTime", "aws:EpochTime", "aws:SecureTransport", "aws:RequestedRegion"] {
        keys.set(present, Key::present());
    }
}
