//! The ledger in DynamoDB, against the emulator: the suite, and answers that are lost on their way.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use reeve_aws::{Aws, DynamoLedger};
use reeve_tests::emulator::{ACCOUNT, Emulator, REGION};
use reeve_tests::ledger_suite;
use reeve_tests::proxy::plan::DRAWS;
use reeve_tests::proxy::{Fault, Plan, Proxy};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;

const TABLE: &str = "reeve-ledger";
/// Enough that the proxy never takes all of them, and short pauses between.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(10);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

/// An emulator with the table as the template makes it.
fn with_table() -> Emulator {
    let emulator = Emulator::start();
    let table = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    });
    emulator.aws(ACCOUNT, "dynamodb", "DynamoDB_20120810.CreateTable", &table).expect("a table");
    emulator
}

fn ledger(url: &str) -> DynamoLedger {
    let own = Credentials::new(ACCOUNT, "secret", None, None, "tests");
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(url)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(PAUSE))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .credentials_provider(SharedCredentialsProvider::new(own));
    let aws = Aws::with_config(RUNTIME.handle().clone(), RUNTIME.block_on(loader.load()));
    DynamoLedger::new(aws, TABLE.to_owned())
}

#[test]
fn dynamo_does_what_the_port_says() {
    let emulator = with_table();
    ledger_suite::run(&|| Arc::new(ledger(&emulator.url())));
}

/// A gate that hears nothing tries again, and must know its own write when it meets it.
#[test]
fn dynamo_does_so_too_when_answers_are_lost() {
    let emulator = with_table();
    // More, and the SDK's own quota of tries for a process is used up: it then gives up at once, as it should.
    let shares =
        vec![(Fault::ResetAfter, DRAWS / 50), (Fault::Truncate, DRAWS / 200), (Fault::InternalError, DRAWS / 200)];
    let plan = Plan { seed: 7, shares, delay_ms_max: 0, duplicated: BTreeSet::new() };
    let proxy = Proxy::start(emulator.address(), plan).expect("a port");
    // The proxy takes bodies of 2 MiB, and the JSON of the large cases is longer.
    ledger_suite::run_but(&ledger_suite::LARGE, &|| Arc::new(ledger(&proxy.url())));
    assert!(proxy.done(Fault::ResetAfter) > 10, "too few answers were lost: {:?}", proxy.counts());
}
