//! Tables, against plainer ways to look.

use super::*;

fn tables() -> Datasets {
    let row = |key: &str| (key.to_owned(), vec![key.to_uppercase()]);
    let names = ["example.com", "a.example.com", "b.a.example.com", "a-b.example.com", "example-x.com"].map(row);
    let cidrs = ["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"].map(row);
    Datasets::new([
        ("names".to_owned(), Dataset::new(Index::Names, names).expect("good")),
        ("cidrs".to_owned(), Dataset::new(Index::Cidrs, cidrs).expect("good")),
        ("strings".to_owned(), Dataset::new(Index::Strings, ["x".to_owned()].map(|key| row(&key))).expect("good")),
    ])
}

#[test]
fn names_are_found_at_label_boundaries() {
    let tables = tables();
    let longest = |name| tables.longest_suffix("names", name).expect("answer").map(|row| row.key);
    for (name, key) in [
        ("example.com", Some("example.com")),
        ("x.b.a.example.com", Some("b.a.example.com")),
        ("c.a.example.com", Some("a.example.com")),
        ("aa.example.com", Some("example.com")),
        ("evilexample.com", None),
        ("com", None),
    ] {
        assert_eq!(longest(name).as_deref(), key, "{name}");
    }
    let below = |name, limit| -> Vec<String> {
        tables.below("names", name, limit).expect("answer").into_iter().map(|row| row.key).collect()
    };
    assert_eq!(below("example.com", 9), ["a-b.example.com", "a.example.com", "b.a.example.com"]);
    assert_eq!(below("example.com", 2).len(), 2);
    assert_eq!(below("a.example.com", 9), ["b.a.example.com"]);
    assert!(below("b.a.example.com", 9).is_empty());
}

#[test]
fn addresses_are_found_by_longest_prefix() {
    let tables = tables();
    let longest = |text| tables.longest_prefix("cidrs", text).expect("answer").map(|row| row.key);
    assert_eq!(longest("10.1.2.3").as_deref(), Some("10.1.0.0/16"));
    assert_eq!(longest("10.2.2.3").as_deref(), Some("10.0.0.0/8"));
    assert_eq!(longest("11.0.0.0"), None);
    assert_eq!(longest("2001:db8::1").as_deref(), Some("2001:db8::/32"));
    assert_eq!(tables.exact("strings", "x").expect("answer").map(|row| row.values), Some(&["X".to_owned()][..]));
}

#[test]
fn what_cannot_be_looked_up_is_said() {
    let tables = tables();
    assert_eq!(tables.exact("none", "x"), Err(LookupError::UnknownTable("none".to_owned())));
    assert!(matches!(tables.longest_suffix("cidrs", "a.b"), Err(LookupError::BadKey(_))));
    assert!(matches!(tables.longest_suffix("names", "A.b"), Err(LookupError::BadKey(_))));
    assert!(matches!(tables.longest_prefix("cidrs", "10.0.0"), Err(LookupError::BadKey(_))));
    let bad = |index, key: &str| Dataset::new(index, [(key.to_owned(), vec![String::new()])]).map(|_| ());
    assert_eq!(bad(Index::Names, "A.b"), Err(DatasetError::Key("A.b".to_owned())));
    assert_eq!(bad(Index::Cidrs, "10.0.0.1/33"), Err(DatasetError::Key("10.0.0.1/33".to_owned())));
    assert_eq!(
        Dataset::new(Index::Strings, [("x", Vec::<String>::new())]).map(|_| ()),
        Err(DatasetError::Empty("x".to_owned()))
    );
}

#[test]
fn the_digest_depends_on_content_alone() {
    let rows = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), vec!["v".to_owned()])).collect::<Vec<_>>();
    let digest = |index, keys: &[&str]| Dataset::new(index, rows(keys)).expect("good").digest().clone();
    assert_eq!(digest(Index::Names, &["a.b", "c.d"]), digest(Index::Names, &["c.d", "a.b"]));
    assert_ne!(digest(Index::Names, &["a.b"]), digest(Index::Strings, &["a.b"]));
    assert_ne!(digest(Index::Names, &["a.b"]), digest(Index::Names, &["a.c"]));
}

/// Keys are told as they are compared: a block by its first address.
#[test]
fn equal_keys_are_joined_in_the_order_in_which_they_came() {
    let rows = [("10.0.0.1/8", ["b"]), ("10.0.0.0/8", ["a"]), ("::1/0", ["c"]), ("10.9.9.9/8", ["a"])];
    let tables = Datasets::new([("t".to_owned(), Dataset::new(Index::Cidrs, rows).expect("good"))]);
    let row = tables.longest_prefix("t", "10.1.1.1").expect("an answer").expect("a row");
    assert_eq!((row.key.as_str(), row.values), ("10.0.0.0/8", &["b".to_owned(), "a".to_owned(), "a".to_owned()][..]));
    let row = tables.exact("t", "::/0").expect("an answer").expect("a row");
    assert_eq!((row.key.as_str(), row.values), ("::/0", &["c".to_owned()][..]));
    assert_eq!(tables.longest_prefix("t", "11.0.0.0"), Ok(None), "versions do not mix");
}

/// The digest stands in receipts: it is over the canonical JSON of index and rows.
#[test]
fn the_digest_is_that_of_the_canonical_text() {
    use reeve_json::{Value, canonical};
    let keys = ["b", "a", "\u{fb33}", "\u{1f600}", "\"", ""];
    let table = Dataset::new(Index::Strings, keys.map(|key| (key, ["v", "\n"]))).expect("good");
    let rows = Value::object(keys.map(|key| (key, Value::array(["v", "\n"]))));
    let text = canonical(&Value::object([("index", Value::from("strings")), ("rows", rows)]));
    assert_eq!(table.digest(), &Digest::of(text.as_bytes()));
    let none = Dataset::new(Index::Names, [("", [""]); 0]).expect("good");
    assert_eq!(none.digest(), &Digest::of(br#"{"index":"names","rows":{}}"#));
}

#[test]
fn a_table_has_an_end() {
    let rows = (0..=DATASET_ROWS_TOTAL_MAX).map(|_| ("x", ["v"]));
    assert_eq!(Dataset::new(Index::Strings, rows).map(|_| ()), Err(DatasetError::TooLarge));
    let long = "x".repeat(70_000);
    assert_eq!(Dataset::new(Index::Strings, [(&long, ["v"])]).map(|_| ()), Err(DatasetError::Key(long)));
}

proptest::proptest! {
    /// Against the plainest way to look.
    #[test]
    fn a_table_answers_as_looking_at_each_row_would(
        keys in proptest::collection::vec("[ab]{1,2}(\\.[ab]{1,2}){0,3}", 0..40),
        name in "[ab]{1,2}(\\.[ab]{1,2}){0,4}",
    ) {
        let table = Dataset::new(Index::Names, keys.iter().map(|key| (key, [key]))).expect("good");
        let tables = Datasets::new([("t".to_owned(), table)]);
        let is_below = |key: &str, of: &str| key.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
        let above = keys.iter().filter(|key| **key == name || is_below(&name, key));
        let longest = tables.longest_suffix("t", &name).expect("an answer").map(|row| row.key);
        proptest::prop_assert_eq!(longest.as_ref(), above.max_by_key(|key| key.len()));
        let mut below: Vec<&String> = keys.iter().filter(|key| is_below(key, &name)).collect();
        below.sort();
        below.dedup();
        let mut found: Vec<String> =
            tables.below("t", &name, usize::MAX).expect("an answer").into_iter().map(|row| row.key).collect();
        found.sort();
        proptest::prop_assert!(found.iter().eq(below));
        let exact = tables.exact("t", &name).expect("an answer");
        let same = keys.iter().filter(|key| **key == name).count();
        proptest::prop_assert_eq!(exact.map_or(0, |row| row.values.len()), same);
    }
}
