//! `CERT_VALIDATION`: the CNAME by which AWS Certificate Manager sees that a name is held.
//!
//! `detail`: `name` (`_<32 hexadecimal digits>.<domain>`) and `value` (`_<32 hexadecimal digits>.<…>.acm-validations.aws`).
//! Source: ACM user guide, DNS validation.

use crate::dns_batch::{AskedChange, AskedContent, Batch, Zone};
use crate::dns_change::owner_name;
use crate::{Ask, Draft, Kind};
use reeve_model::action::Operation;
use reeve_model::record::RecordType;
use reeve_model::{Code, DnsName, NameRule, Refusal};

/// Time to live of a validation record, seconds: what the ACM console writes.
pub(crate) const CERT_VALIDATION_TTL_SECONDS: u32 = 300;
/// Where ACM's validation targets are.
const VALIDATION_SUFFIX: &str = "acm-validations.aws";

/// The kind, as one gate has configured it.
#[derive(Debug, Clone)]
pub struct CertValidation {
    /// Zones of the gate.
    pub zones: Vec<Zone>,
}

impl Kind for CertValidation {
    fn name(&self) -> &'static str {
        "CERT_VALIDATION"
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let mut fields = ask.fields();
        let name_text = fields.string("name");
        let value_text = fields.string("value");
        let (name_at, value_at) = (fields.at("name"), fields.at("value"));
        let name = name_text.and_then(|text| {
            let name =
                owner_name(text, Some(RecordType::Cname), || name_at.clone()).and_then(|name| hashed(name, &name_at));
            fields.note(name)
        });
        let value = value_text.and_then(|text| fields.note(validation_target(text, &value_at)));
        let zone = name.as_ref().and_then(|name| fields.note(Zone::holding(&self.zones, name, || name_at.clone())));
        fields.finish()?;
        let (Some(name), Some(value), Some(zone)) = (name, value, zone) else {
            return Err(vec![Refusal::new(Code::CertValidationName, "/detail", "the request is malformed")]);
        };
        let change = AskedChange {
            at: "/detail".to_owned(),
            operation: Operation::Upsert,
            name,
            spelling: name_text.unwrap_or_default(),
            record_type: RecordType::Cname,
            ttl_seconds: Some(CERT_VALIDATION_TTL_SECONDS),
            content: AskedContent::Values(vec![value]),
            zone,
        };
        Ok(Box::new(Batch::new(vec![change], &ask.event.account)?))
    }
}

fn hashed(name: DnsName, at: &str) -> Result<DnsName, Refusal> {
    let shaped = name.labels().next().is_some_and(is_hash_label) && name.labels().count() >= 3;
    if shaped {
        return Ok(name);
    }
    let message = format!("`{name}` is not `_`, 32 hexadecimal digits, and a domain");
    Err(Refusal::new(Code::CertValidationName, at, message).fix("copy the name that ACM shows"))
}

fn validation_target(text: &str, at: &str) -> Result<String, Refusal> {
    let name = DnsName::parse(text, NameRule::Target).map_err(|error| Refusal::new(error.code, at, error.message))?;
    let below = name.as_str().strip_suffix(VALIDATION_SUFFIX).is_some_and(|head| head.ends_with('.'));
    if below && name.labels().next().is_some_and(is_hash_label) {
        return Ok(name.as_str().to_owned());
    }
    let message = format!("`{name}` is not a validation target below `{VALIDATION_SUFFIX}`");
    Err(Refusal::new(Code::CertValidationName, at, message).fix("copy the value that ACM shows"))
}

/// `_` and 32 hexadecimal digits.
fn is_hash_label(label: &str) -> bool {
    label.strip_prefix('_').is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
