//! One message of the queue of replies, read strictly: the envelope that EventBridge made, and what the gate said.
//!
//! A reply is shown to people and says when to look again. It decides nothing: what has become of the organization is read
//! from the organization.

use reeve_json::{Node, Object, Options, StringRule};
use reeve_model::limits::EVENT_BYTES_MAX;
use reeve_model::{AccountId, Nonce, Outcome};

/// Deepest nesting of a reply: the envelope, `detail`, a list, its items and what they hold.
const DEPTH_MAX: usize = 64;
/// Bodies are texts of gates, which escape what is not plain; what is shown of them is escaped again.
const OPTIONS: Options = Options { bytes_max: EVENT_BYTES_MAX, depth_max: DEPTH_MAX, strings: StringRule::Any };
/// Most pages that a reply may say it has: far more than any answer.
const PAGES_MAX: i64 = 10_000;

/// One page of a gate's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The account that put the event, as EventBridge says.
    pub from: AccountId,
    /// The gate's name.
    pub gate: String,
    /// The account that had asked.
    pub asker: AccountId,
    /// The kind of the request.
    pub kind: String,
    /// The nonce of the request.
    pub nonce: Nonce,
    /// Which page, from 1.
    pub page: u32,
    /// How many pages there are.
    pub pages: u32,
    /// What the gate says of the request; the same on every page.
    pub answer: Answer,
}

/// What a gate says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How the request ended.
    pub status: Status,
    /// Hash of the gate's receipt.
    pub receipt: String,
    /// Why it was denied, and what policies had to say otherwise.
    pub reasons: Vec<Reason>,
    /// What became of each action.
    pub outcomes: Vec<Outcome>,
}

/// How a request ended, as the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It was not permitted.
    Denied,
    /// It was permitted, and the gate does not act.
    DryRun,
    /// It was permitted and is made.
    Done,
    /// AWS has taken it and has not finished.
    Pending,
    /// At least one action was not made.
    Failed,
}

/// One reason of a policy or of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The policy's name.
    pub policy: String,
    /// The code.
    pub code: String,
    /// One clause.
    pub message: String,
    /// What to write instead.
    pub fix: Option<String>,
}

impl Reply {
    /// Reads the body of a message; none when it is no reply of a gate.
    #[must_use]
    pub fn parse(body: &str) -> Option<Self> {
        let node = reeve_json::parse(body.as_bytes(), &OPTIONS).ok()?;
        let envelope = node.as_object()?;
        let detail = envelope.get("detail")?.as_object()?;
        let gate = text(detail, "gate")?;
        let kind = text(detail, "kind")?;
        if text(envelope, "source")? != format!("reeve.{gate}")
            || text(envelope, "detail-type")? != format!("{kind}_REPLY")
        {
            return None;
        }
        let (page, pages) = (number(detail, "page")?, number(detail, "pages")?);
        if page > pages {
            return None;
        }
        Some(Self {
            from: AccountId::parse(text(envelope, "account")?)?,
            gate: gate.to_owned(),
            asker: AccountId::parse(text(detail, "account")?)?,
            kind: kind.to_owned(),
            nonce: Nonce::parse(text(detail, "nonce")?)?,
            page,
            pages,
            answer: answer(detail)?,
        })
    }
}

fn answer(detail: &Object) -> Option<Answer> {
    let permitted = match text(detail, "decision")? {
        "permitted" => true,
        "denied" => false,
        _ => return None,
    };
    let status = match text(detail, "status")? {
        "denied" if !permitted => Status::Denied,
        "dry_run" if permitted => Status::DryRun,
        "done" if permitted => Status::Done,
        "pending" if permitted => Status::Pending,
        // A request that was begun may not be permitted any more when it is gone on with.
        "failed" => Status::Failed,
        _ => return None,
    };
    let list = |name: &str| detail.get(name).map_or(Some(&[][..]), Node::as_array);
    Some(Answer {
        status,
        receipt: text(detail, "receipt")?.to_owned(),
        reasons: list("reasons")?.iter().map(reason).collect::<Option<_>>()?,
        outcomes: list("outcomes")?.iter().map(|node| Outcome::from_json(&node.value)).collect::<Option<_>>()?,
    })
}

fn reason(node: &Node) -> Option<Reason> {
    let object = node.as_object()?;
    Some(Reason {
        policy: text(object, "policy")?.to_owned(),
        code: text(object, "code")?.to_owned(),
        message: text(object, "message")?.to_owned(),
        fix: text(object, "fix").map(str::to_owned),
    })
}

fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Node::as_str)
}

/// A number of a page, from 1.
fn number(object: &Object, name: &str) -> Option<u32> {
    let number = object.get(name)?.value.as_i64()?;
    (1..=PAGES_MAX).contains(&number).then(|| u32::try_from(number).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_model::State;

    const BODY: &str = r#"{"version":"0","id":"f0c368fc-e323-469d-a52f-000000000001","detail-type":"CREATE_ACCOUNT_REPLY",
        "source":"reeve.management","account":"123456789012","time":"2026-11-22T08:00:00Z","region":"us-east-1","resources":[],
        "detail":{"account":"444455556666","nonce":"687754b2-abd6-4ae6-8e2d-000000000001","gate":"management",
        "kind":"CREATE_ACCOUNT","decision":"permitted","status":"done","receipt":"sha256:ab","reasons":[],
        "outcomes":[{"state":"applied","account_id":"111122223333"}],"page":1,"pages":1}}"#;

    #[test]
    fn a_reply_is_read_with_all_that_it_says() {
        let reply = Reply::parse(BODY).expect("a reply");
        assert_eq!((reply.from.as_str(), reply.asker.as_str()), ("123456789012", "444455556666"));
        assert_eq!((reply.gate.as_str(), reply.kind.as_str()), ("management", "CREATE_ACCOUNT"));
        assert_eq!((reply.page, reply.pages, reply.answer.status), (1, 1, Status::Done));
        assert_eq!(reply.answer.outcomes, [Outcome::of(State::Applied).detail("account_id", "111122223333")]);
        let denied = BODY
            .replace("permitted", "denied")
            .replace("\"done\"", "\"denied\"")
            .replace(r#""reasons":[]"#, r#""reasons":[{"policy":"p","code":"C","message":"m","fix":"f","at":"/x"}]"#);
        let answer = Reply::parse(&denied).expect("a reply").answer;
        assert_eq!(answer.status, Status::Denied);
        let (policy, code, message) = ("p".to_owned(), "C".to_owned(), "m".to_owned());
        assert_eq!(answer.reasons, [Reason { policy, code, message, fix: Some("f".to_owned()) }]);
    }

    #[test]
    fn what_is_not_a_reply_of_a_gate_is_none() {
        for (from, to) in [
            ("\"version\"", "version"),
            ("reeve.management", "reeve.dns"),
            ("reeve.management", "app.infra"),
            ("CREATE_ACCOUNT_REPLY", "CREATE_ACCOUNT"),
            ("\"123456789012\"", "\"12345678901\""),
            ("\"123456789012\"", "123456789012"),
            ("\"444455556666\"", "\"x\""),
            ("687754b2-abd6", "687754b2abd6"),
            (r#""decision":"permitted""#, r#""decision":"denied""#),
            (r#""decision":"permitted""#, r#""decision":"yes""#),
            (r#""status":"done""#, r#""status":"denied""#),
            (r#""status":"done""#, r#""status":"repeated""#),
            (r#""page":1"#, r#""page":2"#),
            (r#""page":1"#, r#""page":0"#),
            (r#""pages":1"#, r#""pages":10001"#),
            (r#""pages":1"#, r#""pages":"1""#),
            (r#""reasons":[]"#, r#""reasons":{}"#),
            (r#""reasons":[]"#, r#""reasons":[{"code":"C"}]"#),
            (r#""state":"applied""#, r#""state":"well""#),
        ] {
            assert!(BODY.contains(from), "{from}");
            assert_eq!(Reply::parse(&BODY.replace(from, to)), None, "{from} -> {to}");
        }
        assert_eq!(Reply::parse(""), None);
        assert_eq!(Reply::parse("[]"), None);
        assert_eq!(Reply::parse(&BODY.replace(r#""pages":1"#, r#""pages":10000"#)).map(|it| it.pages), Some(10_000));
    }
}
