//! What runs the gate: its role with the least it needs, its function, its logs.

use crate::intake::logical;
use crate::needs;
use crate::policy::{INLINE_CHARS_MAX, POLICY_CHARS_MAX, document, document_of, policy_chars};
use crate::stack::{Stack, get_att, place, reference};
use crate::{Condition, Function, Runs, Senders, Source, Statement, Template};
use reeve_json::{Object, Value};

/// What a gate file writes where an account's id belongs in the ARN of a role.
const ACCOUNT: &str = "{account}";
/// Functions that read the queue at the same time: the fewest Lambda takes. Route 53 takes five calls a second of an
/// account; more functions would only be throttled.
const CONCURRENCY: u32 = 2;
/// Messages in one batch (Lambda developer guide: the most without a waiting time).
const BATCH: u32 = 10;
/// Times that Lambda tries an asynchronous event again: its maximum.
const RETRIES: u32 = 2;

/// Everything that the role needs, and the role; then the function.
pub(crate) fn add(it: &Template<'_>, stack: &mut Stack) {
    intake_permissions(it, stack);
    for kind in &it.kinds {
        for statement in &kind.permissions {
            stack.permit(statement.clone());
        }
    }
    let here = place(it);
    if let Some(statement) = needs::read_parameters(here, &it.parameters) {
        stack.permit(statement);
    }
    if !it.roles.is_empty() {
        stack.permit(Statement::allow("AssumeRoles", ["sts:AssumeRole"], roles(it)));
    }
    if let Some(reply) = &it.reply {
        let bus = here.arn("events", &format!("event-bus/{}", reply.bus));
        let types = reply.detail_types.iter().map(|&text| text.to_owned()).collect();
        let pinned = Statement::allow("PutReplies", ["events:PutEvents"], [bus])
            .when(Condition::only("StringEquals", "events:source", vec![reply.source.to_owned()]))
            .when(Condition::only("StringEquals", "events:detail-type", types));
        stack.permit(pinned);
    }
    if let Runs::Function(function) = &it.runs {
        let group = here.arn("logs", &format!("log-group:/aws/lambda/reeve-{}:*", it.gate));
        stack.permit(Statement::allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [group]));
        add_function(it, stack, function);
    }
    add_role(it, stack);
}

/// The roles, `{account}` of them in each account that may ask.
fn roles(it: &Template<'_>) -> Vec<String> {
    let of = |role: &&str| match (&it.senders, role.contains(ACCOUNT)) {
        (_, false) => vec![(*role).to_owned()],
        (Senders::Accounts(ids), true) => ids.iter().map(|id| role.replace(ACCOUNT, id.as_str())).collect(),
        (Senders::Organization(_), true) => vec![role.replace(ACCOUNT, "*")],
    };
    let mut arns: Vec<String> = it.roles.iter().flat_map(of).collect();
    arns.sort();
    arns.dedup();
    arns
}

fn intake_permissions(it: &Template<'_>, stack: &mut Stack) {
    let here = place(it);
    match it.source {
        Source::Sqs { queue, .. } => {
            let mut actions = vec!["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];
            if matches!(it.runs, Runs::Service(_)) {
                // The heartbeat of a request that takes long, and giving a message back.
                actions.insert(0, "sqs:ChangeMessageVisibility");
                actions.insert(3, "sqs:GetQueueUrl");
            }
            stack.permit(Statement::allow("TakeEvents", actions, [here.arn("sqs", queue)]));
        }
        Source::Lambda => {
            let function = here.arn("lambda", &format!("function:reeve-{}", it.gate));
            // The gate reads who may invoke it before it believes what an event says of its sender.
            stack.permit(Statement::allow("ReadOwnPolicy", ["lambda:GetPolicy"], [function]));
            let failures = here.arn("sqs", &format!("reeve-{}-dlq", it.gate));
            stack.permit(Statement::allow("KeepFailures", ["sqs:SendMessage"], [failures]));
        }
    }
    let on_bus = |rule: &str| match it.bus {
        "default" => format!("rule/{rule}"),
        bus => format!("rule/{bus}/{rule}"),
    };
    // Likewise whether the rules hand events on as they are.
    let rules = it.kinds.iter().map(|kind| here.arn("events", &on_bus(&kind.rule)));
    let actions = ["events:DescribeRule", "events:ListTargetsByRule"];
    stack.permit(Statement::allow("ReadOwnRules", actions, rules));
}

fn add_role(it: &Template<'_>, stack: &mut Stack) {
    let services = match &it.runs {
        Runs::Function(_) => vec!["lambda.amazonaws.com"],
        Runs::Service(services) => services.clone(),
    };
    let trust = Value::object([
        ("Sid", Value::from("AllowService")),
        ("Effect", Value::from("Allow")),
        ("Principal", Value::object([("Service", Value::array(services))])),
        ("Action", Value::from("sts:AssumeRole")),
    ]);
    let permitted = stack.take_permitted();
    let document = document(&permitted);
    let chars = policy_chars(&document);
    if chars > INLINE_CHARS_MAX {
        stack.wrong(format!("the role's policy has {chars} characters, at most {INLINE_CHARS_MAX} fit"));
    }
    let policy = Value::object([("PolicyName", Value::from("gate")), ("PolicyDocument", document)]);
    // Allows come first, what is denied last: the order in which people read.
    stack.resource(
        "Role",
        "AWS::IAM::Role",
        Value::object([
            ("RoleName", Value::from(format!("reeve-{}", it.gate))),
            ("Description", Value::from(format!("The gate {}", it.gate))),
            ("AssumeRolePolicyDocument", document_of([trust])),
            ("Policies", Value::array([policy])),
        ]),
    );
    for (index, twin) in it.twin.iter().enumerate() {
        if twin.chars > POLICY_CHARS_MAX {
            stack
                .wrong(format!("policy `{}` has {} characters, at most {POLICY_CHARS_MAX} fit", twin.name, twin.chars));
        }
        let properties = [
            ("ManagedPolicyName", Value::from(format!("reeve-{}-{}", it.gate, twin.name))),
            ("Description", Value::from(format!("Record sets that the gate {} may change", it.gate))),
            ("PolicyDocument", twin.document.clone()),
            ("Roles", Value::array([reference("Role")])),
        ];
        stack.resource(&format!("Twin{}", index + 1), "AWS::IAM::ManagedPolicy", Value::object(properties));
    }
}

fn add_function(it: &Template<'_>, stack: &mut Stack, function: &Function<'_>) {
    let name = format!("reeve-{}", it.gate);
    stack.parameter("CodeBucket", "S3 bucket that holds the function's zip file");
    stack.parameter("CodeKey", "Key of the zip file, which holds `bootstrap` and the gate's files");
    let logs =
        [("LogGroupName", Value::from(format!("/aws/lambda/{name}"))), ("RetentionInDays", Value::from(it.log_days))];
    stack.kept("Logs", "AWS::Logs::LogGroup", Value::object(logs));
    let mut properties = Object::new();
    properties.set("FunctionName", name);
    properties.set("Runtime", "provided.al2023");
    properties.set("Architectures", Value::array(["arm64"]));
    properties.set("Handler", "bootstrap");
    properties.set("Code", Value::object([("S3Bucket", reference("CodeBucket")), ("S3Key", reference("CodeKey"))]));
    properties.set("Role", get_att("Role", "Arn"));
    properties.set("Timeout", function.timeout_seconds);
    properties.set("MemorySize", function.memory_mib);
    if !function.environment.is_empty() {
        let variables = Value::object(function.environment.iter().copied());
        properties.set("Environment", Value::object([("Variables", variables)]));
    }
    let logging = [("LogFormat", Value::from("JSON")), ("LogGroup", reference("Logs"))];
    properties.set("LoggingConfig", Value::object(logging));
    stack.resource("Function", "AWS::Lambda::Function", Value::Object(properties));
    match it.source {
        Source::Sqs { .. } => mapping(stack),
        Source::Lambda => invoked(it, stack),
    }
}

fn mapping(stack: &mut Stack) {
    let properties = [
        ("EventSourceArn", get_att("Queue", "Arn")),
        ("FunctionName", reference("Function")),
        ("BatchSize", Value::from(BATCH)),
        // Without it one failure sends the whole batch back, and done requests with it.
        ("FunctionResponseTypes", Value::array(["ReportBatchItemFailures"])),
        ("ScalingConfig", Value::object([("MaximumConcurrency", CONCURRENCY)])),
    ];
    stack.resource("SourceMapping", "AWS::Lambda::EventSourceMapping", Value::object(properties));
}

fn invoked(it: &Template<'_>, stack: &mut Stack) {
    for kind in &it.kinds {
        let properties = [
            ("FunctionName", reference("Function")),
            ("Action", Value::from("lambda:InvokeFunction")),
            ("Principal", Value::from("events.amazonaws.com")),
            ("SourceArn", get_att(&logical("Rule", kind), "Arn")),
        ];
        stack.resource(&logical("Invoke", kind), "AWS::Lambda::Permission", Value::object(properties));
    }
    let failed = Value::object([("OnFailure", Value::object([("Destination", get_att("DeadLetterQueue", "Arn"))]))]);
    let properties = [
        ("FunctionName", reference("Function")),
        ("Qualifier", Value::from("$LATEST")),
        ("MaximumRetryAttempts", Value::from(RETRIES)),
        ("DestinationConfig", failed),
    ];
    stack.resource("InvokeConfig", "AWS::Lambda::EventInvokeConfig", Value::object(properties));
}
