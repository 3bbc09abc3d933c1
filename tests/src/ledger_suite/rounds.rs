//! Cases of rounds: what is begun once, amounts, holdings.

use super::*;

pub(super) fn begun_once(open: Open<'_>) {
    let ledger = open();
    let (gate, hosts) = (scope("gate"), scope("host"));
    let lease = new(&*ledger, at(0));
    let begin =
        Begin { spends: vec![spend(&gate, 2, 3)], holdings: vec![holding(&hosts, "i-1", 1, "a")], ..plan(0, "first") };
    assert_eq!(ledger.begin(&lease, &begin, at(0)), Ok(Ok(())));
    assert_eq!(ledger.begin(&lease, &begin, at(0)), Ok(Ok(())), "not spent twice");
    let (other, wanted) = (holding(&hosts, "i-2", 1, "b"), holding(&hosts, "i-1", 1, "c"));
    let changed = Begin { plan: "second".into(), holdings: vec![other, wanted], ..begin.clone() };
    let (next, _) = taken(open().claim(&lease.key, &body("b"), at(LEASE_SECONDS)).unwrap());
    assert_eq!(ledger.begin(&next, &changed, at(LEASE_SECONDS)), Ok(Ok(())), "left as it is");
    assert_eq!(ledger.held(&hosts, &names(&["i-1", "i-2"])), Ok(vec![holding(&hosts, "i-1", 1, "a")]));
    let (last, progress) = taken(ledger.claim(&lease.key, &body("b"), at(2 * LEASE_SECONDS)).unwrap());
    assert_eq!(progress.plans, BTreeMap::from([(0, "first".to_owned())]));
    let full = Held::Spent { scope: gate.clone(), spent: 2 };
    let second = Begin { round: 1, ..begin };
    assert_eq!(ledger.begin(&last, &second, at(2 * LEASE_SECONDS)), Ok(Err(full)), "another round is another begin");
}

pub(super) fn spent(open: Open<'_>) {
    let (one, other) = (open(), open());
    let (gate, zone) = (scope("gate"), scope("zone"));
    let begin = |ledger: &dyn Ledger, amount, max, seconds| {
        let lease = new(ledger, at(seconds));
        let spends = vec![spend(&zone, amount, 100), spend(&gate, amount, max)];
        (lease.clone(), ledger.begin(&lease, &Begin { spends, ..plan(0, "p") }, at(seconds)).unwrap())
    };
    assert_eq!(begin(&*one, 3, 5, 0).1, Ok(()));
    assert_eq!(begin(&*other, 2, 5, 3_599).1, Ok(()), "exactly to its end");
    let (lease, held) = begin(&*one, 1, 5, 3_599);
    assert_eq!(held, Err(Held::Spent { scope: gate.clone(), spent: 5 }), "and no further");
    let (_, progress) = taken(one.claim(&lease.key, &body("b"), at(3_599 + LEASE_SECONDS)).unwrap());
    assert_eq!(progress, Progress::default(), "nothing was begun");
    assert_eq!(begin(&*one, 1, 6, 3_599).1, Ok(()), "a higher limit has room");
    assert_eq!(begin(&*one, 5, 5, 3_600).1, Ok(()), "the next clock hour");
    let (lease, held) = begin(&*one, 96, 5, 3_600);
    assert_eq!(held, Err(Held::Spent { scope: gate.clone(), spent: 5 }), "scopes are looked at in order");
    let fits = Begin { spends: vec![spend(&zone, 95, 100)], ..plan(0, "p") };
    assert_eq!(one.begin(&lease, &fits, at(3_600)), Ok(Ok(())), "what was refused spent nothing of the other scope");
}

pub(super) fn added_up(open: Open<'_>) {
    let ledger = open();
    let gate = scope("gate");
    let lease = new(&*ledger, at(0));
    let mut round = 0;
    let mut begin = |spends: &[(u32, u32)]| {
        round += 1;
        let spends = spends.iter().map(|(amount, max)| spend(&gate, *amount, *max)).collect();
        ledger.begin(&lease, &Begin { spends, ..plan(round, "p") }, at(0)).unwrap()
    };
    let full = |spent| Err(Held::Spent { scope: gate.clone(), spent });
    for (spends, expected) in [
        (&[(6, 5)][..], full(0)),
        (&[(3, 5), (3, 5)], full(0)),
        (&[(1, 2), (2, 5)], full(0)),
        (&[(2, 5), (3, 5)], Ok(())),
        (&[(0, 5)], Ok(())),
        (&[(0, 0)], Ok(())),
        (&[(1, 5)], full(5)),
        (&[(u32::MAX, u32::MAX)], full(5)),
    ] {
        assert_eq!(begin(spends), expected, "{spends:?}");
    }
}

pub(super) fn held_by_another(open: Open<'_>) {
    let (one, other) = (open(), open());
    let (gate, records) = (scope("gate"), scope("record"));
    let lease = new(&*one, at(0));
    let first = holding(&records, "www A", 1, "{}");
    one.begin(&lease, &Begin { holdings: vec![first.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    let lease = new(&*other, at(0));
    let free = holding(&records, "new A", 2, "");
    let begin = Begin {
        spends: vec![spend(&gate, 1, 1)],
        holdings: vec![free.clone(), holding(&records, "www A", 2, "")],
        ..plan(0, "p")
    };
    assert_eq!(other.begin(&lease, &begin, at(0)), Ok(Err(Held::ByAnother(first.clone()))));
    assert_eq!(one.held(&records, &names(&["www A", "new A"])), Ok(vec![first]));
    let begin = Begin { holdings: vec![free.clone()], ..begin };
    assert_eq!(other.begin(&lease, &begin, at(0)), Ok(Ok(())), "the only unit was not spent");
    assert_eq!(one.held(&records, &names(&["new A"])), Ok(vec![free.clone()]));
    assert_eq!(one.held(&scope("record"), &names(&["new A"])), Ok(Vec::new()), "scopes are apart");
    let twice = vec![holding(&records, "x A", 1, ""), holding(&records, "x A", 2, "")];
    let held = one.begin(&lease, &Begin { holdings: twice.clone(), ..plan(1, "p") }, at(0)).unwrap();
    assert_eq!(held, Err(Held::ByAnother(twice[0].clone())));
}

pub(super) fn refused_holds_nothing(open: Open<'_>) {
    let ledger = open();
    let (gate, records) = (scope("gate"), scope("record"));
    let lease = new(&*ledger, at(0));
    let begin =
        Begin { spends: vec![spend(&gate, 2, 1)], holdings: vec![holding(&records, "www A", 1, "")], ..plan(0, "p") };
    assert_eq!(ledger.begin(&lease, &begin, at(0)), Ok(Err(Held::Spent { scope: gate, spent: 0 })));
    assert_eq!(ledger.held(&records, &names(&["www A"])), Ok(Vec::new()));
}

pub(super) fn own_again(open: Open<'_>) {
    let ledger = open();
    let records = scope("record");
    for value in ["1", "2", ""] {
        let lease = new(&*ledger, at(0));
        let held = holding(&records, "www A", 1, value);
        let begin = Begin { holdings: vec![held.clone()], ..plan(0, "p") };
        assert_eq!(ledger.begin(&lease, &begin, at(0)), Ok(Ok(())));
        assert_eq!(ledger.held(&records, &names(&["www A"])), Ok(vec![held]));
    }
}

pub(super) fn given_up(open: Open<'_>) {
    let ledger = open();
    let records = scope("record");
    let (mine, kept) = (holding(&records, "a A", 1, ""), holding(&records, "b A", 1, ""));
    let others = holding(&records, "c A", 2, "");
    let lease = new(&*ledger, at(0));
    let holdings = vec![mine.clone(), kept.clone()];
    ledger.begin(&lease, &Begin { holdings, ..plan(0, "p") }, at(0)).unwrap().unwrap();
    let stranger = new(&*ledger, at(0));
    ledger.begin(&stranger, &Begin { holdings: vec![others.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    let stale = Holding { value: "an earlier one".to_owned(), ..kept.clone() };
    let released = [mine, stale, holding(&records, "c A", 1, ""), others.clone(), holding(&records, "none A", 1, "")];
    ledger.settle(&lease, &answer(&["{}"]), &released, at(1)).unwrap();
    assert_eq!(ledger.settle(&lease, &answer(&["{}"]), &released, at(1)), Ok(()), "again");
    let all = names(&["a A", "b A", "c A", "none A"]);
    assert_eq!(open().held(&records, &all), Ok(vec![kept, others]));
    assert_eq!(ledger.claim(&lease.key, &body("b"), at(2)), Ok(Claim::Settled(answer(&["{}"]))));
}

pub(super) fn many_holdings(open: Open<'_>) {
    const COUNT: usize = 205;
    let ledger = open();
    let (gate, records) = (scope("gate"), scope("record"));
    let all = |owner, value: &str| -> Vec<Holding> {
        (0..COUNT).map(|at| holding(&records, &format!("h{at:03} A"), owner, value)).collect()
    };
    let every: BTreeSet<String> = all(1, "").into_iter().map(|holding| holding.name).collect();
    let begin = |owner, value: &str, amount| {
        let lease = new(&*ledger, at(0));
        let begin = Begin { spends: vec![spend(&gate, amount, 1)], holdings: all(owner, value), ..plan(0, "p") };
        (lease.clone(), ledger.begin(&lease, &begin, at(0)).unwrap())
    };
    let old = holding(&records, "h150 A", 1, "old");
    let lease = new(&*ledger, at(0));
    ledger.begin(&lease, &Begin { holdings: vec![old.clone()], ..plan(0, "p") }, at(0)).unwrap().unwrap();
    assert_eq!(begin(2, "", 1).1, Err(Held::ByAnother(old.clone())));
    assert_eq!(ledger.held(&records, &every), Ok(vec![old.clone()]), "another's: nothing is left behind");
    assert_eq!(begin(1, "new", 2).1, Err(Held::Spent { scope: gate.clone(), spent: 0 }));
    assert_eq!(ledger.held(&records, &every), Ok(vec![old]), "no allowance: nothing is left behind");
    let (lease, begun) = begin(1, "new", 1);
    assert_eq!(begun, Ok(()));
    assert_eq!(ledger.held(&records, &every), Ok(all(1, "new")));
    let mut released = all(1, "new");
    released.truncate(COUNT - 1);
    ledger.settle(&lease, &answer(&[]), &released, at(1)).unwrap();
    let last = holding(&records, &format!("h{:03} A", COUNT - 1), 1, "new");
    assert_eq!(ledger.held(&records, &every), Ok(vec![last]));
}
