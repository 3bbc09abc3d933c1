//! The files that users write, read strictly: `gate.yaml`, `policy.yaml`, cases, and recorded facts.
//!
//! Reading gives typed values and errors with file, line, column and hint. Nothing is opened here but by name: the
//! caller brings the text.

mod arn;
mod case;
mod facts;
mod forward;
mod gate;
mod kinds;
mod policy;
mod project;
mod service;

pub use arn::RoleInAccount;
pub use case::{Case, CaseVerdict, Expect};
pub use facts::world;
pub use gate::{GateFile, KindRoute};
pub use kinds::{BUILT_IN, Zones};
pub use policy::{DatasetSource, FUEL_MAX, MEMORY_MAX_BYTES, MEMORY_MIN_BYTES, PolicyFile, PolicyLimits, SENDER};
pub use project::{CheckFile, Pipeline, ProjectFile, ProjectGate, ProtectFile};
pub use reeve_yaml::YamlError;
pub use service::{
    HttpFile, IN_FLIGHT_MAX, LambdaFile, LedgerFile, ProbeFile, QueueUrl, ReceiptsFile, RolesFile, ServeFile,
    ServiceFile, SourceFile, SqsFile,
};
