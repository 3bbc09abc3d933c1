//! How fields combine: nesting, arrays, `$or`, dotted keys.

#![allow(clippy::expect_used)]

mod table;

use reeve_pattern::EVENT_DEPTH_MAX;
use table::{check, compile, json};

#[test]
fn all_fields_must_be_met() {
    check(&[
        (
            r#"{"a":["1"],"d":{"b":["2"]}}"#,
            &[r#"{"x":0,"a":"1","d":{"b":"2","c":3}}"#],
            &[r#"{"a":"1"}"#, r#"{"a":"1","d":{}}"#, r#"{"a":"1","d":"2"}"#, r#"{"a":"1","b":"2"}"#, "{}"],
        ),
        (r#"{"Key":[1]}"#, &[r#"{"Key":1}"#], &[r#"{"key":1}"#]),
    ]);
    let any = compile(r#"{"a":[{"exists":false}]}"#).expect("a pattern");
    assert!(any.matches(&json("{}")) && !any.matches(&json("[]")) && !any.matches(&json(r#""a""#)));
}

#[test]
fn values_of_different_elements_do_not_combine() {
    check(&[
        (
            r#"{"d":{"k":["color"],"v":["blue"]}}"#,
            &[r#"{"d":[{"k":"size"},{"k":"color","v":"blue"}]}"#, r#"{"d":[[{"k":"color","v":["red","blue"]}]]}"#],
            &[
                r#"{"d":[{"k":"color","v":"red"},{"k":"size","v":"blue"}]}"#,
                r#"{"d":[[{"k":"color"}],[{"v":"blue"}]]}"#,
            ],
        ),
        (
            r#"{"d":{"a":[1],"e":{"x":[1],"y":[2]}}}"#,
            &[r#"{"d":[{"a":1,"e":[{"x":1,"y":2}]}]}"#],
            &[r#"{"d":[{"a":1,"e":[{"x":1},{"y":2}]}]}"#, r#"{"d":[{"a":1},{"e":{"x":1,"y":2}}]}"#],
        ),
        // Arrays that are not inside one another do not disturb each other, and plain elements go with anything.
        (r#"{"a":{"x":[1]},"b":{"y":[2]}}"#, &[r#"{"a":[{},{"x":1}],"b":[{"y":2},{}]}"#], &[]),
        (r#"{"a":["t"],"a.x":[1]}"#, &[r#"{"a":["t",{"x":1}]}"#], &[r#"{"a":[{"x":1}]}"#]),
    ]);
}

#[test]
fn absence_is_judged_from_the_element_that_an_earlier_field_settled_on() {
    check(&[
        (
            r#"{"d":{"a":[1],"b":[{"exists":false}]}}"#,
            &[r#"{"d":[{"a":1},{"b":2}]}"#, r#"{"d":[{"a":1,"b":2},{"a":1}]}"#],
            &[r#"{"d":[{"a":1,"b":2}]}"#, r#"{"d":[{"b":2}]}"#],
        ),
        // Fields are taken in the order of their paths, so this one is judged before any element is settled on.
        (r#"{"d":{"b":[1],"a":[{"exists":false}]}}"#, &[r#"{"d":[{"b":1},{"c":2}]}"#], &[r#"{"d":[{"b":1},{"a":2}]}"#]),
        (
            r#"{"d":{"a":[1,{"exists":false}]}}"#,
            &[r#"{"d":[{},{"a":1}]}"#, r#"{"d":[{}]}"#],
            &[r#"{"d":[{},{"a":2}]}"#],
        ),
        (r#"{"d":{"a":[{"exists":false}]}}"#, &[r#"{"d":[{"a":[]}]}"#], &[r#"{"d":[{"c":1},[[{"a":null}]]]}"#]),
    ]);
}

#[test]
fn or_needs_one_alternative_and_the_other_fields() {
    check(&[
        (
            r#"{"s":["x"],"d":{"$or":[{"a":[1]},{"b":[2],"c":[3]}]},"z":[0]}"#,
            &[r#"{"s":"x","z":0,"d":{"a":1}}"#, r#"{"s":"x","z":0,"d":{"a":9,"b":2,"c":3}}"#],
            &[r#"{"s":"x","z":0,"d":{"b":2}}"#, r#"{"s":"y","z":0,"d":{"a":1}}"#, r#"{"s":"x","d":{"a":1}}"#],
        ),
        (
            r#"{"$or":[{"a":[1]},{"$or":[{"b":[2]},{"c":{"d":[3]}}]}]}"#,
            &[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"c":{"d":3}}"#],
            &[r#"{"a":2,"b":3}"#, r#"{"$or":1}"#],
        ),
        // One path may stand in several alternatives, and two `$or` multiply.
        (
            r#"{"p":{"$or":[{"a":[1]},{"a":[2]}]},"q":{"$or":[{"b":[1]},{"b":[2]}]}}"#,
            &[r#"{"p":{"a":2},"q":{"b":1}}"#],
            &[r#"{"p":{"a":2},"q":{"b":3}}"#],
        ),
        // Outside `$or` the names of operators are plain keys.
        (r#"{"prefix":["x"],"numeric":{"cidr":[1]}}"#, &[r#"{"prefix":"x","numeric":{"cidr":1}}"#], &["{}"]),
        (
            r#"{"d":{"$or":[{"a":[1]},{"b":[2]}],"c":[3]}}"#,
            &[r#"{"d":[{"a":1,"c":3}]}"#],
            &[r#"{"d":[{"a":1},{"c":3}]}"#],
        ),
    ]);
}

#[test]
fn dotted_keys_are_paths() {
    check(&[
        (
            r#"{"detail":{"meta":{"tier":["gold"]}}}"#,
            &[
                r#"{"detail":{"meta.tier":"gold"}}"#,
                r#"{"detail.meta":{"tier":"gold"}}"#,
                r#"{"detail.meta.tier":["gold"]}"#,
                r#"{"detail":{"meta":{"tier":"tin"},"meta.tier":"gold"}}"#,
                r#"{"detail":{"meta.tier":"gold","meta":{"tier":"tin"}}}"#,
            ],
            &[
                r#"{"detail":{"meta.tier":{"tier":"gold"}}}"#,
                r#"{"detail":{"meta.tie":{"r":"gold"}}}"#,
                r#"{"detail":{"metaXtier":"gold"}}"#,
                r#"{"detail":{"meta.tier":"tin","meta":{"tier":"tin"}}}"#,
            ],
        ),
        (r#"{"a.b":["x"]}"#, &[r#"{"a":{"b":"x"}}"#, r#"{"a.b":"x"}"#], &[r#"{"a":"x"}"#]),
        (
            r#"{"a":{"b":[{"exists":false}],"c":[{"exists":true}]}}"#,
            &[r#"{"a":{},"a.c":1}"#, r#"{"a.c":1}"#],
            &[r#"{"a":{"c":1},"a.b":1}"#, r#"{"a.b":1,"a":{"c":1}}"#, r#"{"a.b.d":1}"#],
        ),
        // One event, whichever of its members is written first. (event-ruler would find `b` outside the array.)
        (
            r#"{"a":{"b":[1],"c":[1]}}"#,
            &[],
            &[r#"{"a":[{"b":1},{"c":1}],"a.b":1}"#, r#"{"a.b":1,"a":[{"b":1},{"c":1}]}"#],
        ),
    ]);
}

#[test]
fn deep_events_are_looked_at_down_to_the_limit() {
    // The event's object, the array and so many arrays in it.
    let nested = |arrays: usize| json(&format!(r#"{{"a":{}1{}}}"#, "[".repeat(arrays), "]".repeat(arrays)));
    let present = compile(r#"{"a":[1]}"#).expect("a pattern");
    let absent = compile(r#"{"a":[{"exists":false}]}"#).expect("a pattern");
    assert!(present.matches(&nested(EVENT_DEPTH_MAX - 1)));
    assert!(!present.matches(&nested(EVENT_DEPTH_MAX)));
    assert!(!absent.matches(&nested(EVENT_DEPTH_MAX)));
}

/// There are 30^12 combinations of values here; a search that tried them all would not come back.
#[test]
fn many_arrays_do_not_multiply() {
    let array = format!("[{}]", vec![r#"{"x":1}"#; 30].join(","));
    let fields: Vec<String> = (0..12).map(|n| format!(r#""a{n}":{{"x":[1]}}"#)).collect();
    let values: Vec<String> = (0..12).map(|n| format!(r#""a{n}":{array}"#)).collect();
    let pattern = compile(&format!(r#"{{{},"z":[1]}}"#, fields.join(","))).expect("a pattern");
    assert!(!pattern.matches(&json(&format!(r#"{{{},"z":2}}"#, values.join(",")))));
    assert!(pattern.matches(&json(&format!(r#"{{{},"z":1}}"#, values.join(",")))));
}

#[test]
fn dotted_keys_at_every_level_do_not_multiply() {
    let levels = 60;
    let path = "a.".repeat(levels);
    let pattern = compile(&format!(r#"{{"{path}x":[1],"{path}y":[1],"{path}z":[1,{{"exists":false}}]}}"#));
    let event = |end: &str| format!("{}{end}{}", r#"{"a":"#.repeat(levels), r#","a.a":{"a":{"x":1}}}"#.repeat(levels));
    let pattern = pattern.expect("a pattern");
    assert!(pattern.matches(&json(&event(r#"[{"x":1},{"x":1,"y":1}]"#))));
    assert!(!pattern.matches(&json(&event(r#"[{"x":1},{"y":1}]"#))));
    assert!(!pattern.matches(&json(&event(r#"{"x":1,"y":1,"z":2}"#))));
}
