//! Documents that were broken at random: whatever the text, the answer is a list of findings.

use super::*;
use std::time::{Duration, Instant};

const DOCUMENTS: [&str; 2] = [
    concat!(
        r#"{"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"a-b","Effect":"Deny","NotAction":["iam:*","sts:*"],"#,
        r#""Resource":["arn:aws:s3:::é/${aws:username, 'x'}","arn:aws-cn:iam:us-east1:12:role/[ROLE]"],"Condition":"#,
        r#"{"ForAnyValue:StringNotEqualsIfExists":{"aws:RequestedRegion":["eu-*"],"aws:requestedregion":5},"#,
        r#""NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},"DateLessThan":{"aws:CurrentTime":"2026-05-15T10:00:00+02:00"},"#,
        r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/x"}}}]}"#
    ),
    r#"{"Statement":{"Effect":"deny","Action":"*","Resource":" *","Principal":"*","Condition":{"Bool":{"\u00e9":true}}}}"#,
];

#[test]
fn truncations_and_mutations_never_panic() {
    let settings = Settings { break_glass: vec!["arn:aws:iam::*:role/B".to_owned()], ..Settings::default() };
    for document in DOCUMENTS {
        for end in 0..document.len() {
            let text = String::from_utf8_lossy(&document.as_bytes()[..end]).into_owned();
            assert!(!validate(&text, &settings).is_empty(), "{text}");
        }
        for at in 0..document.len() {
            for byte in *b"\"{}[]:,$*?\\'-/0aA \n\x00\xff" {
                let mut bytes = document.as_bytes().to_vec();
                bytes[at] = byte;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let found = validate(&text, &settings);
                let refused = found.iter().any(|finding| finding.code.starts_with("JSON_"));
                assert!(!refused || found.len() == 1, "{text}\n{found:#?}");
            }
        }
    }
}

/// A minute is far more than the documents below take, and far less than the square of their length would.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn hostile_documents_are_quick() {
    let fill = |unit: &str| unit.repeat((DOCUMENT_BYTES_MAX - 400) / unit.len());
    let settings = Settings { break_glass: vec!["arn:aws:iam::*:role/B*x*y".to_owned()], ..Settings::default() };
    for unit in ["${", "*a", "[", "{", "<a", "${a", ":", "{{a", "9", "?*", "$", "[a]", "${x}", "é"] {
        for frame in [
            r#"{"Sid":"A","Effect":"Deny","Action":"*","Resource":"FILL"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"FILL","Resource":"*"}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"FILL"}}}"#,
            r#"{"Sid":"A","Effect":"Deny","Action":"*","Resource":"*","Condition":{"FILL":{"FILL":"x"}}}"#,
        ] {
            let places = frame.matches("FILL").count();
            let text = policy(&frame.replace("FILL", &unit.repeat((DOCUMENT_BYTES_MAX - 400) / unit.len() / places)));
            let start = Instant::now();
            let found = validate(&text, &settings);
            assert!(start.elapsed() < PATIENCE, "{unit} in {frame}");
            assert!(found.len() <= FINDINGS_MAX);
        }
    }
    for (item, list) in [(r#""x","#, r#""Resource":["#), (r#""a-b","#, r#""Action":["#)] {
        let text = policy(&format!(r#"{{"Effect":"Deny","Sid":"A",{list}{}"*"]}}"#, fill(item)));
        let start = Instant::now();
        assert!(validate(&text, &settings).len() <= FINDINGS_MAX);
        assert!(start.elapsed() < PATIENCE);
    }
}
