//! Services and actions that AWS has taken back: their names were right once, and stand in old policies and in AWS
//! managed policies still.
//!
//! A table does not list them any more. Each entry was an AWS service prefix or action and is absent from the service
//! authorization reference of 2026.

/// Prefixes of services that are gone, each with what it was.
const SERVICES: [(&str, &str); 12] = [
    ("applicationwizard", "AWS Launch Wizard's early console"),
    ("deepcomposer", "AWS DeepComposer"),
    ("deeplens", "AWS DeepLens"),
    ("deepracer", "AWS DeepRacer"),
    ("elastic-inference", "Amazon Elastic Inference"),
    ("gamesparks", "Amazon GameSparks"),
    ("iot1click", "AWS IoT 1-Click"),
    ("macie", "Amazon Macie Classic"),
    ("mobilehub", "AWS Mobile Hub"),
    ("sagemaker-groundtruth-synthetic", "SageMaker Ground Truth Synthetic"),
    ("sumerian", "Amazon Sumerian"),
    ("worklink", "Amazon WorkLink"),
];

/// Actions that are gone from services that stay, in lower case.
const ACTIONS: [(&str, &[&str]); 1] = [(
    // CloudHSM Classic.
    "cloudhsm",
    &[
        "createhapg",
        "createhsm",
        "createlunaclient",
        "deletehapg",
        "deletehsm",
        "deletelunaclient",
        "describehapg",
        "describehsm",
        "describelunaclient",
        "getconfig",
        "listavailablezones",
        "listhapgs",
        "listhsms",
        "listlunaclients",
        "modifyhapg",
        "modifyhsm",
        "modifylunaclient",
    ],
)];

/// What a service was, if it is gone.
pub(super) fn service(prefix: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix)).map(|(_, name)| *name)
}

/// Whether an action is gone.
pub(super) fn action(prefix: &str, name: &str) -> bool {
    let names = ACTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(prefix));
    names.is_some_and(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}
