//! Random histories: the ledger in memory and the one in SQLite give the same answers, call by call.

use proptest::prelude::*;
use reeve_engine::ledger::{SETTLED_SECONDS, UNFINISHED_SECONDS};
use reeve_engine::{Begin, Claim, Holding, LEASE_SECONDS, Lease, Ledger, LedgerKey, Settled, Spend, Step};
use reeve_local::{MemoryLedger, SqliteLedger};
use reeve_model::Timestamp;
use reeve_tests::ledger_suite::{account, answer, at, body, fresh_key};
use std::collections::BTreeSet;

/// One call; numbers choose among few keys, leases, scopes and names, so that calls meet.
#[derive(Debug, Clone)]
enum Op {
    Wait { seconds: i64 },
    Claim { key: usize, body: u8 },
    Renew { lease: usize },
    Begin { lease: usize, round: u32, spends: Vec<(u8, u32, u32)>, holdings: Vec<(u8, u8)> },
    Note { lease: usize, action: u32, name: u8, value: u8 },
    Settle { lease: usize, permitted: bool, pages: u8, released: Vec<u8> },
    Release { lease: usize },
    Held { names: Vec<u8> },
}

fn op() -> impl Strategy<Value = Op> {
    let waits = prop_oneof![
        4 => 0_i64..LEASE_SECONDS,
        2 => Just(LEASE_SECONDS),
        1 => Just(3_600),
        1 => Just(SETTLED_SECONDS),
        1 => Just(UNFINISHED_SECONDS + LEASE_SECONDS),
    ];
    let (lease, few) = (0_usize..6, 0_u8..3);
    let spends = prop::collection::vec((few.clone(), 0_u32..4, 0_u32..6), 0..3);
    let holdings = prop::collection::vec((few.clone(), 1_u8..3), 0..3);
    prop_oneof![
        2 => waits.prop_map(|seconds| Op::Wait { seconds }),
        6 => (0_usize..3, 0_u8..8).prop_map(|(key, body)| Op::Claim { key, body: body / 7 }),
        1 => lease.clone().prop_map(|lease| Op::Renew { lease }),
        4 => (lease.clone(), 0_u32..2, spends, holdings)
            .prop_map(|(lease, round, spends, holdings)| Op::Begin { lease, round, spends, holdings }),
        3 => (lease.clone(), 0_u32..2, few.clone(), any::<u8>())
            .prop_map(|(lease, action, name, value)| Op::Note { lease, action, name, value }),
        2 => (lease.clone(), any::<bool>(), few.clone(), prop::collection::vec(few.clone(), 0..3))
            .prop_map(|(lease, permitted, pages, released)| Op::Settle { lease, permitted, pages, released }),
        1 => lease.prop_map(|lease| Op::Release { lease }),
        1 => prop::collection::vec(few, 0..4).prop_map(|names| Op::Held { names }),
    ]
}

/// Makes one call and tells its answer. A lease that was granted is kept, the newest last.
fn make(op: &Op, ledger: &dyn Ledger, keys: &[LedgerKey], leases: &mut Vec<Lease>, now: Timestamp) -> String {
    let holding = |name: u8, owner: u8| Holding {
        scope: "record".into(),
        name: name.to_string(),
        owner: account(owner),
        value: owner.to_string(),
    };
    // Counted from the newest, so that most calls are made by a holder.
    let lease = |back: usize| leases.iter().rev().nth(back).cloned();
    match op {
        Op::Wait { .. } => String::new(),
        Op::Claim { key, body: text } => {
            let claim = ledger.claim(&keys[*key], &body(&text.to_string()), now);
            if let Ok(Claim::Taken { lease, .. }) = &claim {
                leases.push(lease.clone());
            }
            format!("{claim:?}")
        }
        Op::Renew { lease: back } => format!("{:?}", lease(*back).map(|lease| ledger.renew(&lease, now))),
        Op::Begin { lease: back, round, spends, holdings } => {
            let spend = |(scope, amount, max): &(u8, u32, u32)| Spend {
                scope: scope.to_string(),
                amount: *amount,
                hourly_max: *max,
            };
            let begin = Begin {
                round: *round,
                plan: format!("{spends:?}"),
                spends: spends.iter().map(spend).collect(),
                holdings: holdings.iter().map(|(name, owner)| holding(*name, *owner)).collect(),
            };
            format!("{:?}", lease(*back).map(|lease| ledger.begin(&lease, &begin, now)))
        }
        Op::Note { lease: back, action, name, value } => {
            let step = Step { round: 0, action: *action };
            let note = |lease: Lease| ledger.note(&lease, step, &name.to_string(), &value.to_string());
            format!("{:?}", lease(*back).map(note))
        }
        Op::Settle { lease: back, permitted, pages, released } => {
            let pages = vec!["{}"; usize::from(*pages)];
            let settled = Settled { permitted: *permitted, ..answer(&pages) };
            let released: Vec<_> = released.iter().map(|name| holding(*name, 1)).collect();
            format!("{:?}", lease(*back).map(|lease| ledger.settle(&lease, &settled, &released, now)))
        }
        Op::Release { lease: back } => format!("{:?}", lease(*back).map(|lease| ledger.release(&lease))),
        Op::Held { names } => {
            let names: BTreeSet<String> = names.iter().map(u8::to_string).collect();
            format!("{:?}", ledger.held("record", &names))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_answers_as_memory_does(ops in prop::collection::vec(op(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.sqlite");
        let (memory, handles) = (MemoryLedger::default(), [(); 2].map(|()| SqliteLedger::open(&path).unwrap()));
        let keys = [(); 3].map(|()| fresh_key());
        let (mut of_memory, mut of_sqlite) = (Vec::new(), Vec::new());
        let mut now = at(0);
        for (count, op) in ops.iter().enumerate() {
            if let Op::Wait { seconds } = op {
                now = Timestamp::from_second(now.as_second() + seconds).unwrap();
                if *seconds >= SETTLED_SECONDS {
                    // Leases of forgotten requests may count or not: nobody knows when a store is swept.
                    of_memory.clear();
                    of_sqlite.clear();
                }
            }
            let expected = make(op, &memory, &keys, &mut of_memory, now);
            let found = make(op, &handles[count % 2], &keys, &mut of_sqlite, now);
            prop_assert_eq!(expected, found, "call {}: {:?}", count, op);
        }
    }
}
