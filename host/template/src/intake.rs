//! From the bus to the gate: bus, who may put events on it, rules, queues and their policies, alarms.
//!
//! The envelope's `account` can be trusted only where nobody but the gate's own rules reaches the queue or function,
//! and the rules hand events on as they are (EventBridge user guide, cross-account events; SQS developer guide).

use crate::policy::{conditions, document_of, texts};
use crate::stack::{Stack, get_att, place, reference};
use crate::{Condition, KindNeeds, Runs, Senders, Source, Template};
use reeve_json::{Object, Value, compact};

/// How often a message is received before it goes to the dead-letter queue. `reeve serve` gives one back for 1, 2, 4 …
/// 256 seconds: fifteen receives are half an hour, as long as an instance may take to report and AWS to make an account.
const RECEIVE_COUNT_MAX: u32 = 15;
/// How long the dead-letter queue keeps a message, seconds: the longest that SQS takes, 14 days.
const DEAD_LETTER_SECONDS: u32 = 1_209_600;
/// How long the queue keeps a message, seconds: 4 days, shorter than the dead-letter queue, which counts from the same
/// moment.
const QUEUE_SECONDS: u32 = 345_600;
/// A queue hides a message for at least this many timeouts of its function (Lambda developer guide, with-sqs).
const TIMEOUTS_HIDDEN: u32 = 6;
/// Seconds over which the alarm looks at the dead-letter queue.
const ALARM_SECONDS: u32 = 300;
/// Largest bus policy, characters (EventBridge quotas).
const BUS_POLICY_CHARS_MAX: usize = 10_240;

pub(crate) fn add(it: &Template<'_>, stack: &mut Stack) {
    bus(it, stack);
    match it.source {
        Source::Sqs { queue, fifo, visibility_seconds } => queues(it, stack, queue, fifo, visibility_seconds),
        Source::Lambda => {
            // What the function gives up on, and what the rules cannot hand to it.
            let name = format!("reeve-{}-dlq", it.gate);
            dead_letters(it, stack, "DeadLetterQueue", &name, None, it.kinds.as_slice());
        }
    }
    for kind in &it.kinds {
        stack.resource(&logical("Rule", kind), "AWS::Events::Rule", rule(it, kind));
    }
}

/// The logical id of something of a kind: `RuleDnsRecordChange`.
pub(crate) fn logical(prefix: &str, kind: &KindNeeds<'_>) -> String {
    let mut out = prefix.to_owned();
    for word in kind.name.split('_') {
        let mut chars = word.chars();
        out.extend(chars.next());
        out.extend(chars.map(|char| char.to_ascii_lowercase()));
    }
    out
}

fn bus_ref(it: &Template<'_>) -> Value {
    if it.bus == "default" { Value::from("default") } else { reference("Bus") }
}

fn bus(it: &Template<'_>, stack: &mut Stack) {
    let here = place(it);
    let arn = if it.bus == "default" {
        Value::from(here.arn("events", "event-bus/default"))
    } else {
        stack.resource("Bus", "AWS::Events::EventBus", Value::object([("Name", it.bus)]));
        get_att("Bus", "Arn")
    };
    let mut detail_types: Vec<String> = it.kinds.iter().map(|kind| kind.detail_type.to_owned()).collect();
    detail_types.sort();
    detail_types.dedup();
    let mut wanted: Vec<Condition> = Condition::only("StringEquals", "events:detail-type", detail_types).into();
    let principal = match &it.senders {
        Senders::Accounts(accounts) => {
            let mut roots: Vec<String> =
                accounts.iter().map(|id| here.partition.arn(&format!("iam::{id}:root"))).collect();
            roots.sort();
            roots.dedup();
            Value::object([("AWS", texts(&roots))])
        }
        Senders::Organization(id) => {
            wanted.push(Condition::new("StringEquals", "aws:PrincipalOrgID", [*id]));
            Value::from("*")
        }
    };
    let statement = Value::object([
        ("Sid", Value::from("AllowSenders")),
        ("Effect", Value::from("Allow")),
        ("Principal", principal),
        ("Action", Value::from("events:PutEvents")),
        ("Resource", arn),
        ("Condition", conditions(&wanted)),
    ]);
    let chars = compact(&document_of([statement.clone()])).chars().count();
    if chars > BUS_POLICY_CHARS_MAX {
        stack.wrong(format!(
            "the bus policy has {chars} characters, at most {BUS_POLICY_CHARS_MAX} fit; name the organization instead of \
             its accounts"
        ));
    }
    let properties =
        [("EventBusName", bus_ref(it)), ("StatementId", Value::from("AllowSenders")), ("Statement", statement)];
    stack.resource("BusPolicy", "AWS::Events::EventBusPolicy", Value::object(properties));
}

/// A rule hands the event on as it is: no `Input`, `InputPath` or `InputTransformer`.
fn rule(it: &Template<'_>, kind: &KindNeeds<'_>) -> Value {
    let mut target = Object::new();
    target.set("Id", "gate");
    match it.source {
        Source::Sqs { fifo, .. } => {
            target.set("Arn", get_att("Queue", "Arn"));
            if fifo {
                target.set("SqsParameters", Value::object([("MessageGroupId", it.gate)]));
            }
            let undelivered = if fifo { "UndeliveredQueue" } else { "DeadLetterQueue" };
            target.set("DeadLetterConfig", Value::object([("Arn", get_att(undelivered, "Arn"))]));
        }
        Source::Lambda => {
            target.set("Arn", get_att("Function", "Arn"));
            target.set("DeadLetterConfig", Value::object([("Arn", get_att("DeadLetterQueue", "Arn"))]));
        }
    }
    Value::object([
        ("Name", Value::from(kind.rule.as_str())),
        ("Description", Value::from(format!("{} for the gate {}", kind.name, it.gate))),
        ("EventBusName", bus_ref(it)),
        ("State", Value::from("ENABLED")),
        ("EventPattern", kind.pattern.clone()),
        ("Targets", Value::array([Value::Object(target)])),
    ])
}

fn queues(it: &Template<'_>, stack: &mut Stack, queue: &str, fifo: bool, visibility_seconds: u32) {
    let visibility = match &it.runs {
        Runs::Function(function) => visibility_seconds.max(TIMEOUTS_HIDDEN * function.timeout_seconds),
        Runs::Service(_) => visibility_seconds,
    };
    let redrive = Value::object([
        ("deadLetterTargetArn", get_att("DeadLetterQueue", "Arn")),
        ("maxReceiveCount", Value::from(RECEIVE_COUNT_MAX)),
    ]);
    let mut properties = queue_properties(queue, fifo, QUEUE_SECONDS);
    properties.set("VisibilityTimeout", visibility);
    properties.set("RedrivePolicy", redrive);
    // Messages outlive the stack: a request that is lost gets no answer.
    stack.kept("Queue", "AWS::SQS::Queue", Value::Object(properties));
    queue_policy(stack, "Queue", it.kinds.as_slice());
    let stem = queue.strip_suffix(".fifo").unwrap_or(queue);
    if fifo {
        // A dead-letter queue has the type of its queue, and that of a rule is always a standard one.
        dead_letters(it, stack, "DeadLetterQueue", &format!("{stem}-dlq.fifo"), Some(queue), &[]);
        dead_letters(it, stack, "UndeliveredQueue", &format!("{stem}-undelivered"), None, it.kinds.as_slice());
    } else {
        dead_letters(it, stack, "DeadLetterQueue", &format!("{stem}-dlq"), Some(queue), it.kinds.as_slice());
    }
}

fn queue_properties(name: &str, fifo: bool, retention_seconds: u32) -> Object {
    let mut properties = Object::new();
    properties.set("QueueName", name);
    if fifo {
        properties.set("FifoQueue", true);
        // EventBridge gives no deduplication id; bodies differ by the event's id.
        properties.set("ContentBasedDeduplication", true);
    }
    properties.set("MessageRetentionPeriod", retention_seconds);
    properties.set("SqsManagedSseEnabled", true);
    properties
}

/// A queue for what could not be handled: of the queue `from`, and of these rules. With its alarm.
fn dead_letters(
    it: &Template<'_>,
    stack: &mut Stack,
    id: &str,
    name: &str,
    from: Option<&str>,
    rules: &[KindNeeds<'_>],
) {
    let mut properties = queue_properties(name, name.ends_with(".fifo"), DEAD_LETTER_SECONDS);
    // What is here can be sent back to the queue, so nobody else may put anything here. The queue is named, not
    // referred to: it refers to this one.
    let allow = match from {
        Some(from) => Value::object([
            ("redrivePermission", Value::from("byQueue")),
            ("sourceQueueArns", texts(&[place(it).arn("sqs", from)])),
        ]),
        None => Value::object([("redrivePermission", "denyAll")]),
    };
    properties.set("RedriveAllowPolicy", allow);
    stack.kept(id, "AWS::SQS::Queue", Value::Object(properties));
    queue_policy(stack, id, rules);
    let mut alarm = Object::new();
    alarm.set("AlarmDescription", format!("An event of the gate {} ended in the queue {name}", it.gate));
    alarm.set("Namespace", "AWS/SQS");
    alarm.set("MetricName", "ApproximateNumberOfMessagesVisible");
    let dimension = [("Name", Value::from("QueueName")), ("Value", get_att(id, "QueueName"))];
    alarm.set("Dimensions", Value::array([Value::object(dimension)]));
    alarm.set("Statistic", "Maximum");
    alarm.set("Period", ALARM_SECONDS);
    alarm.set("EvaluationPeriods", 1_u32);
    alarm.set("Threshold", 0_u32);
    alarm.set("ComparisonOperator", "GreaterThanThreshold");
    // An idle queue reports nothing.
    alarm.set("TreatMissingData", "notBreaching");
    if !it.alarm_topics.is_empty() {
        alarm.set("AlarmActions", texts(&it.alarm_topics));
    }
    stack.resource(&format!("{}Alarm", id.trim_end_matches("Queue")), "AWS::CloudWatch::Alarm", Value::Object(alarm));
}

/// Only these rules send, and only over TLS.
fn queue_policy(stack: &mut Stack, id: &str, rules: &[KindNeeds<'_>]) {
    let mut statements = Vec::new();
    if !rules.is_empty() {
        let arns = Value::array(rules.iter().map(|kind| get_att(&logical("Rule", kind), "Arn")));
        statements.push(Value::object([
            ("Sid", Value::from("AllowRules")),
            ("Effect", Value::from("Allow")),
            ("Principal", Value::object([("Service", "events.amazonaws.com")])),
            ("Action", Value::from("sqs:SendMessage")),
            ("Resource", get_att(id, "Arn")),
            ("Condition", Value::object([("ArnEquals", Value::object([("aws:SourceArn", arns)]))])),
        ]));
    }
    statements.push(deny_plain("sqs:*", Value::array([get_att(id, "Arn")])));
    stack.resource(
        &format!("{id}Policy"),
        "AWS::SQS::QueuePolicy",
        Value::object([("Queues", Value::array([reference(id)])), ("PolicyDocument", document_of(statements))]),
    );
}

/// Nobody without TLS.
pub(crate) fn deny_plain(action: &str, resources: Value) -> Value {
    Value::object([
        ("Sid", Value::from("DenyWithoutTls")),
        ("Effect", Value::from("Deny")),
        ("Principal", Value::from("*")),
        ("Action", Value::from(action)),
        ("Resource", resources),
        ("Condition", conditions(&[Condition::new("Bool", "aws:SecureTransport", ["false"])])),
    ])
}
