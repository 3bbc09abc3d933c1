//! Cases of many who claim and spend at once.

use super::*;

pub(super) fn raced(open: Open<'_>) {
    const THREADS: usize = 8;
    const KEYS: usize = 24;
    const ROUNDS: i64 = 3;
    let keys: Vec<LedgerKey> = (0..KEYS).map(|_| fresh_key()).collect();
    let gate = scope("gate");
    let mut newest = [0; KEYS];
    for round in 0..ROUNDS {
        let now = at(round * LEASE_SECONDS);
        let barrier = std::sync::Barrier::new(THREADS);
        let claims: Vec<Vec<Claim>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let (keys, barrier) = (&keys, &barrier);
                    scope.spawn(move || {
                        let ledger = open();
                        barrier.wait();
                        // Each begins elsewhere, so that all keys are fought for.
                        let order = (0..KEYS).map(|at| (at + thread) % KEYS);
                        let mut claims: Vec<_> =
                            order.map(|at| (at, ledger.claim(&keys[at], &body("b"), now).unwrap())).collect();
                        claims.sort_by_key(|(at, _)| *at);
                        claims.into_iter().map(|(_, claim)| claim).collect()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let ledger = open();
        for (at, newest) in newest.iter_mut().enumerate() {
            let of_key: Vec<&Claim> = claims.iter().map(|claims| &claims[at]).collect();
            let leases: Vec<&Lease> = of_key
                .iter()
                .filter_map(|claim| match claim {
                    Claim::Taken { lease, .. } => Some(lease),
                    _ => None,
                })
                .collect();
            let [lease] = leases[..] else { panic!("key {at}, round {round}: {of_key:?}") };
            let busy = of_key.iter().filter(|claim| matches!(claim, Claim::Busy { .. })).count();
            assert_eq!(busy, THREADS - 1, "key {at}, round {round}");
            assert!(lease.token > *newest, "key {at}, round {round}");
            *newest = lease.token;
            assert_eq!(ledger.note(lease, STEP, "n", "v"), Ok(()), "the winner can write");
        }
    }
    raced_spends(open, &gate);
}

/// Of eight requests that spend of the same allowance at once, as many pass as there is room for.
fn raced_spends(open: Open<'_>, gate: &str) {
    let begun: usize = std::thread::scope(|scope| {
        let begin = || {
            let ledger = open();
            let lease = new(&*ledger, at(0));
            let spends = vec![spend(gate, 1, 5)];
            ledger.begin(&lease, &Begin { spends, ..plan(0, "p") }, at(0)).unwrap().is_ok()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(begin)).collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
    });
    assert_eq!(begun, 5);
}
