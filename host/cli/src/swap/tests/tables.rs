//! Tables that are made of parameters, while a gate serves.

use super::*;
use crate::parameters::{Asked, Found, ReadParameters};
use reeve_kinds::Parameter;
use std::sync::Mutex;

/// Parameters that a test changes; nothing can be read while the store is away.
#[derive(Debug, Default)]
struct Store {
    found: Mutex<Found>,
    away: AtomicBool,
}

fn parameter(value: String) -> Parameter {
    Parameter { value, parameter_type: "String".to_owned() }
}

impl Store {
    fn put(&self, name: &str, value: &str) {
        self.found.lock().expect("free").insert(name.to_owned(), parameter(value.to_owned()));
        self.away.store(false, Ordering::Relaxed);
    }

    fn go(&self) {
        self.away.store(true, Ordering::Relaxed);
    }
}

impl ReadParameters for Store {
    fn read(&self, asked: &Asked) -> Result<Found, Failure> {
        let Asked::Named(names) = asked else { panic!("no path is asked for") };
        let found = self.found.lock().expect("free").clone();
        let away = self.away.load(Ordering::Relaxed);
        let found = (!away).then(|| found.into_iter().filter(|(name, _)| names.contains(name)).collect());
        found.ok_or_else(|| Failure::new("the store is away"))
    }

    fn place(&self) -> String {
        "in the store".to_owned()
    }
}

/// Parameters that change between two readings.
#[derive(Debug, Default)]
struct Restless(AtomicU64);

impl ReadParameters for Restless {
    fn read(&self, _asked: &Asked) -> Result<Found, Failure> {
        let value = format!("a {}", self.0.fetch_add(1, Ordering::Relaxed));
        Ok([("/rows".to_owned(), parameter(value))].into())
    }

    fn place(&self) -> String {
        String::new()
    }
}

impl Files {
    /// Gives the policy tables `d0`, `d1`, … of these parameters.
    fn tables(&self, parameters: &[&str]) {
        let table = |(number, name): (usize, &&str)| format!("d{number}: {{ ssm: {name}, index: strings }}");
        let tables: Vec<String> = parameters.iter().enumerate().map(table).collect();
        let policy = std::fs::read_to_string(self.path("trust/policy.yaml")).expect("reads");
        self.write("trust/policy.yaml", &format!("{policy}datasets: {{ {} }}\n", tables.join(", ")));
    }
}

#[test]
fn the_tables_of_one_set_are_of_one_reading() {
    let (files, store) = (Files::new(), Arc::<Restless>::default());
    files.tables(&["/rows", "/rows"]);
    let (mut swap, wired) = files.swap_with(&store);
    let tables = || {
        let [one, other] = &tables(&wired)[..] else { panic!("two tables") };
        assert_eq!(one, other);
        one.clone()
    };
    let first = tables();
    assert_eq!(
        swap.reload(None).expect("swaps"),
        Swapped::Replaced(vec!["trust".to_owned()]),
        "the next set reads anew"
    );
    assert_ne!(tables(), first);
    // It never is as it looked.
    let seen = swap.parameters.look(&swap.watched()).expect("readable");
    let look = Look { seen, settled: true };
    let second = tables();
    assert_eq!(swap.reload(Some(&look)).expect("reads"), Swapped::Moving);
    assert_eq!(tables(), second, "what moves is not put to work");
    let look = Look { settled: false, ..look };
    assert_eq!(swap.reload(Some(&look)).expect("swaps"), Swapped::Replaced(vec!["trust".to_owned()]));
}

/// Digests of the tables of the policy at work.
fn tables(wired: &Wired) -> Vec<Digest> {
    assert!(judged(&wired.gate, &delivery()).0);
    let set = wired.gate.policies.current();
    set.policies[0].digests.datasets.iter().map(|(_, digest)| digest.clone()).collect()
}

/// How the parameters look, if not as they did; twice the same.
fn look(swap: &Swap) -> Option<Look> {
    let seen = swap.parameters.look(&swap.watched()).expect("the store is there");
    (seen != swap.watched()).then_some(Look { seen, settled: true })
}

#[test]
fn a_table_follows_its_parameter() {
    let (files, store) = (Files::new(), Arc::<Store>::default());
    files.tables(&["/rows"]);
    store.put("/rows", "a 1\n");
    let (mut swap, wired) = files.swap_with(&store);
    let first = tables(&wired);
    assert_eq!(look(&swap), None);
    store.put("/rows", "a 2\nb 3\n");
    let changed = look(&swap).expect("it looks otherwise");
    assert!(swap.changed().is_none(), "no file does");
    assert_eq!(swap.reload(Some(&changed)).expect("swaps"), trust());
    let second = tables(&wired);
    assert_ne!(first, second, "a receipt names another table");
    assert_eq!(look(&swap), None);
    assert!(swap.roll_back().is_err(), "another row is not another policy");
    store.go();
    assert_eq!(swap.parameters.look(&swap.watched()).expect_err("away").line(), "the store is away");
    let failure = swap.reload(None).expect_err("away").line();
    assert!(failure.ends_with("trust/policy.yaml:4:24: the store is away"), "{failure}");
    assert_eq!(tables(&wired), second, "what is at work stays");
    store.put("/rows", "a 2\nb 3\n");
    let changed = look(&swap).expect("it is there again");
    assert_eq!(swap.reload(Some(&changed)).expect("reads"), Swapped::Same);
    assert_eq!(look(&swap), None);
}

#[test]
fn what_is_refused_is_told_once_whichever_parameter_it_is() {
    let (files, store) = (Files::new(), Arc::<Store>::default());
    files.tables(&["/rows", "/more"]);
    store.put("/rows", "a 1");
    store.put("/more", "a 1");
    let (mut swap, wired) = files.swap_with(&store);
    let first = tables(&wired);
    // The first is malformed, so that the other, which has changed too, is not even read.
    store.put("/rows", "a");
    store.put("/more", "a 2");
    let changed = look(&swap).expect("both look otherwise");
    let failure = swap.reload(Some(&changed)).expect_err("malformed").line();
    assert!(failure.ends_with("row 1 of parameter `/rows`: `a` has no value"), "{failure}");
    assert_eq!(look(&swap), None, "it is as it was when it was tried");
    // A file is broken, so that no parameter is read.
    let policy = std::fs::read_to_string(files.path("trust/policy.yaml")).expect("reads");
    files.write("trust/policy.yaml", "policy: [");
    store.put("/more", "a 3");
    let changed = look(&swap).expect("it looks otherwise");
    assert!(swap.reload(Some(&changed)).is_err());
    assert_eq!(look(&swap), None);
    // What a refused set is made of is looked at too, and no longer once another one was tried.
    files.write("trust/policy.yaml", &policy.replace("/more", "/other"));
    store.put("/rows", "a 1");
    let failure = swap.reload(None).expect_err("there is none").line();
    assert!(failure.ends_with("there is no parameter `/other` in the store"), "{failure}");
    assert_eq!(swap.watched().len(), 3);
    store.put("/other", "a 1");
    let changed = look(&swap).expect("it is there now");
    assert_eq!(swap.reload(Some(&changed)).expect("swaps"), trust());
    assert_eq!(swap.watched().len(), 2);
    assert_eq!(tables(&wired), first, "the same rows under another name");
}

#[test]
fn whoever_goes_back_keeps_what_he_went_back_to() {
    let (files, store) = (Files::new(), Arc::<Store>::default());
    files.tables(&["/rows"]);
    store.put("/rows", "a 1");
    store.put("/other", "a 9");
    let (mut swap, wired) = files.swap_with(&store);
    let first = tables(&wired);
    let policy = std::fs::read_to_string(files.path("trust/policy.yaml")).expect("reads");
    files.write("trust/policy.yaml", &policy.replace("/rows", "/other"));
    assert_eq!(swap.reload(None).expect("swaps"), trust());
    // A table that changes in between does not take the place of what there is to go back to.
    store.put("/other", "a 8");
    let changed = look(&swap).expect("it looks otherwise");
    assert_eq!(swap.reload(Some(&changed)).expect("swaps"), trust());
    assert!(!swap.went_back);
    assert_eq!(swap.roll_back().expect("goes back"), ["trust"]);
    assert_eq!(tables(&wired), first);
    assert!(swap.went_back && swap.changed().is_none() && look(&swap).is_none(), "nothing brings the new set back");
    store.put("/rows", "a 2");
    assert!(look(&swap).is_some(), "the parameters of the set at work are the ones that are looked at");
    assert_eq!(swap.reload(None).expect("swaps"), trust(), "the files are read when somebody says so");
    assert!(!swap.went_back);
    // Back, and the files put right: the set at work is theirs again, and its tables follow.
    assert_eq!(swap.roll_back().expect("goes back"), ["trust"]);
    assert!(swap.went_back);
    files.write("trust/policy.yaml", &policy);
    assert_eq!(swap.reload(None).expect("reads"), trust(), "the table is read anew");
    assert_eq!(swap.reload(None).expect("reads"), Swapped::Same);
    assert!(!swap.went_back);
    // There and back again is where the files are.
    assert_eq!(swap.roll_back().expect("goes back"), ["trust"]);
    assert_eq!(swap.roll_back().expect("and forth"), ["trust"]);
    assert!(!swap.went_back);
}

#[test]
fn a_file_that_changed_while_parameters_moved_is_read_later() {
    let (files, store) = (Files::new(), Arc::<Store>::default());
    files.tables(&["/rows"]);
    store.put("/rows", "a 1");
    let (mut swap, wired) = files.swap_with(&store);
    store.put("/rows", "a 2");
    let changed = look(&swap).expect("it looks otherwise");
    store.put("/rows", "a 1");
    files.policy("infra");
    files.tables(&["/rows"]);
    assert_eq!(swap.reload(Some(&changed)).expect("reads"), Swapped::Moving);
    assert!(judged(&wired.gate, &delivery()).0 && look(&swap).is_none());
    assert!(swap.changed().is_some(), "the file is still to be read");
    // What cannot be read is no movement: it is told.
    store.put("/rows", "a 3");
    let changed = look(&swap).expect("it looks otherwise");
    store.go();
    assert!(swap.reload(Some(&changed)).is_err());
    assert_eq!(swap.parameters.look(&swap.watched()).expect("nothing that could be read before"), swap.watched());
    store.put("/rows", "a 3");
    let changed = look(&swap).expect("it is there again");
    assert_eq!(swap.reload(Some(&changed)).expect("swaps"), trust());
    assert!(!judged(&wired.gate, &delivery()).0);
}
