//! Every operator of the pattern language, and what was measured of it.

#![allow(clippy::expect_used)]

mod table;

use table::{check, check_values};

#[test]
fn plain_values() {
    check_values(&[
        (r#"["red"]"#, &[r#""red""#, r#"["blue","red"]"#, r#"[["red"]]"#], &[r#""Red""#, r#""red ""#, "null", "{}"]),
        (r#"["red","blue"]"#, &[r#""red""#, r#""blue""#], &[r#""green""#, r#""redblue""#]),
        (r#"[""]"#, &[r#""""#], &["null", r#"" ""#, "[]"]),
        (r#"["\u00e9"]"#, &[r#""é""#], &[r#""e\u0301""#]),
        ("[null]", &["null", "[null]"], &[r#""null""#, r#""""#, "0", "false", "[]"]),
        ("[true]", &["true"], &["false", r#""true""#, "1"]),
        ("[false]", &["false"], &["true", "null"]),
    ]);
}

#[test]
fn numbers_are_equal_however_they_are_written() {
    check_values(&[
        ("[300]", &["300", "300.0", "3.0e2", "3e2"], &[r#""300""#, "301", "300.1", "-300", "null"]),
        (r#"["300"]"#, &[r#""300""#], &["300", r#""300.0""#]),
        ("[3.0e2]", &["300"], &["30"]),
        ("[0]", &["-0.0", "0.0"], &["1"]),
        ("[9007199254740993]", &["9007199254740993"], &["9007199254740992", "9007199254740992.0"]),
        ("[123456789012]", &["123456789012"], &[r#""123456789012""#]),
        (r#"["123456789012"]"#, &[r#""123456789012""#], &["123456789012"]),
    ]);
}

#[test]
fn prefix_and_suffix() {
    check_values(&[
        (r#"[{"prefix":"eu-"}]"#, &[r#""eu-""#, r#""eu-west-1""#], &[r#""EU-west-1""#, r#""us-eu-""#, "5", "null"]),
        (r#"[{"prefix":""}]"#, &[r#""""#, r#""x""#], &["1", "null"]),
        (r#"[{"prefix":{"equals-ignore-case":"Eu-"}}]"#, &[r#""eU-west""#, r#""eu-""#], &[r#""eu""#, r#""xeu-""#]),
        (r#"[{"suffix":".com"}]"#, &[r#"".com""#, r#""a.com""#], &[r#""a.COM""#, r#""a.com.""#, "0"]),
        (r#"[{"suffix":""}]"#, &[r#""""#, r#""x""#], &["1", "null"]),
        (r#"[{"suffix":{"equals-ignore-case":".Com"}}]"#, &[r#""a.cOM""#], &[r#""a.co""#]),
        // A suffix says nothing of what stands before it.
        (r#"[{"suffix":"example.com"}]"#, &[r#""evilexample.com""#], &[r#""example.com.evil""#]),
        // Quotes stand for themselves.
        (r#"[{"prefix":"a\""}]"#, &[r#""a\"b""#], &[r#""a""#]),
        (r#"[{"suffix":"\"a"}]"#, &[r#""b\"a""#], &[r#""a""#]),
    ]);
}

#[test]
fn ignoring_case_compares_with_both_cases_of_the_pattern() {
    check_values(&[
        (r#"[{"equals-ignore-case":"Web-1"}]"#, &[r#""web-1""#, r#""WEB-1""#], &[r#""web-10""#, r#""web""#, "1"]),
        (r#"[{"equals-ignore-case":"straße"}]"#, &[r#""STRASSE""#, r#""Straße""#], &[r#""strasse""#]),
        (r#"[{"equals-ignore-case":"STRASSE"}]"#, &[r#""strasse""#], &[r#""straße""#]),
        (r#"[{"equals-ignore-case":""}]"#, &[r#""""#], &[r#""x""#, "null"]),
        (r#"[{"equals-ignore-case":"a🚀"}]"#, &[r#""A🚀""#], &[r#""A??""#]),
    ]);
}

#[test]
fn wildcard() {
    check_values(&[
        (r#"[{"wildcard":"*"}]"#, &[r#""""#, r#""x""#], &["1", "null"]),
        (r#"[{"wildcard":""}]"#, &[r#""""#], &[r#""x""#]),
        (r#"[{"wildcard":"a*"}]"#, &[r#""a""#, r#""ab""#], &[r#""ba""#]),
        (r#"[{"wildcard":"a*a"}]"#, &[r#""aa""#, r#""aba""#], &[r#""a""#]),
        (r#"[{"wildcard":"/*/b/*.log"}]"#, &[r#""/a/b/c.log""#, r#""/x/y/b/.log""#], &[r#""/b/c.log""#]),
        (r#"[{"wildcard":"a*ab*b"}]"#, &[r#""aabb""#, r#""aXababYb""#], &[r#""aab""#, r#""abb""#]),
        (r#"[{"wildcard":"a\\*b"}]"#, &[r#""a*b""#], &[r#""axb""#]),
        (r#"[{"wildcard":"a\\\\*"}]"#, &[r#""a\\""#, r#""a\\x""#], &[r#""a*""#]),
        (r#"[{"wildcard":"*\\**"}]"#, &[r#""*""#, r#""a*b""#], &[r#""ab""#]),
    ]);
}

#[test]
fn anything_but() {
    check_values(&[
        (r#"[{"anything-but":"x"}]"#, &[r#""y""#, r#""""#, "null", "5", "true"], &[r#""x""#, "[]", "{}"]),
        // Any element that differs is enough.
        (r#"[{"anything-but":"x"}]"#, &[r#"["x","y"]"#, r#"["x",null]"#], &[r#"["x"]"#, r#"["x","x"]"#]),
        (r#"[{"anything-but":["x","y"]}]"#, &[r#""z""#, r#""X""#, "null"], &[r#""x""#, r#""y""#]),
        (r#"[{"anything-but":5}]"#, &["4", r#""5""#, "null"], &["5", "5.0"]),
        (r#"[{"anything-but":[5,6]}]"#, &["4", r#""x""#, "9007199254740993"], &["6", "5e0"]),
        (r#"[{"anything-but":{"prefix":"a"}}]"#, &[r#""ba""#, "1", "null"], &[r#""ab""#]),
        (r#"[{"anything-but":{"prefix":["a","b"]}}]"#, &[r#""c""#], &[r#""ab""#, r#""b""#]),
        (r#"[{"anything-but":{"suffix":".txt"}}]"#, &[r#""a.png""#, "null"], &[r#""a.txt""#]),
        (r#"[{"anything-but":{"suffix":[".a",".b"]}}]"#, &[r#""x.c""#], &[r#""x.a""#, r#"".b""#]),
        (r#"[{"anything-but":{"wildcard":"*/x/*"}}]"#, &[r#""/x""#, "1", "null"], &[r#""a/x/b""#]),
        (r#"[{"anything-but":{"wildcard":["a*","*b"]}}]"#, &[r#""c""#], &[r#""ac""#, r#""cb""#]),
        (r#"[{"anything-but":{"equals-ignore-case":"On"}}]"#, &[r#""off""#, "null"], &[r#""oN""#]),
        (r#"[{"anything-but":{"equals-ignore-case":["a","b"]}}]"#, &[r#""c""#], &[r#""A""#, r#""b""#]),
        // A pattern string that is an address is not read as one here.
        (r#"[{"anything-but":"10.0.0.1"}]"#, &[r#""10.0.0.01""#], &[r#""10.0.0.1""#]),
    ]);
    check(&[(r#"{"d":{"f":[{"anything-but":"x"}]}}"#, &[], &[r#"{"d":{}}"#, "{}", r#"{"d":[]}"#])]);
}

#[test]
fn numeric() {
    check_values(&[
        (r#"[{"numeric":["=",5]}]"#, &["5", "5.0"], &["4", r#""5""#, "null"]),
        (r#"[{"numeric":["<",5]}]"#, &["4.99", "-1e300"], &["5", r#""4""#]),
        (r#"[{"numeric":["<=",5]}]"#, &["5", "4"], &["5.01"]),
        (r#"[{"numeric":[">",5]}]"#, &["5.01"], &["5", "true"]),
        (r#"[{"numeric":[">=",5]}]"#, &["5", "1e300"], &["4"]),
        (r#"[{"numeric":[">",0,"<",10]}]"#, &["1", "9.9"], &["0", "10", "-1"]),
        (r#"[{"numeric":[">=",0,"<=",10]}]"#, &["0", "10", "[-1,3]"], &["-1", "11", "[-1,11]"]),
        (r#"[{"numeric":[">",0]}]"#, &["9007199254740992"], &["9007199254740993"]),
    ]);
}

#[test]
fn addresses() {
    check_values(&[
        (r#"[{"cidr":"10.0.0.0/24"}]"#, &[r#""10.0.0.0""#, r#""10.0.0.255""#], &[r#""10.0.1.0""#, r#""10.0.0.256""#]),
        // Host bits may be set.
        (r#"[{"cidr":"10.0.0.77/24"}]"#, &[r#""10.0.0.1""#], &[r#""10.0.1.77""#, "10", r#""host""#]),
        (r#"[{"cidr":"10.0.0.1/31"}]"#, &[r#""10.0.0.0""#], &[r#""10.0.0.2""#]),
        (r#"[{"cidr":"0.0.0.0/0"}]"#, &[r#""1.2.3.4""#], &[r#""::1""#, r#""1.2.3""#, "300", r#""1.2.3.4.5""#]),
        (r#"[{"cidr":"2001:db8::/32"}]"#, &[r#""2001:DB8:1::""#], &[r#""2001:db9::""#, r#""10.0.0.1""#, r#""1:2""#]),
        (r#"[{"cidr":"::/0"}]"#, &[r#""::""#], &[r#""1.2.3.4""#]),
        // An IPv4 address in hex groups is that address; one with a dotted tail is none.
        (r#"[{"cidr":"10.0.0.0/8"}]"#, &[r#""::ffff:a00:1""#], &[r#""::ffff:10.0.0.1""#]),
        // Plain pattern strings that are addresses are compared as addresses.
        (r#"["10.0.0.1"]"#, &[r#""10.0.0.1""#, r#""10.0.0.01""#, r#""010.000.000.001""#], &[r#""10.0.0.10""#]),
        (r#"["::1"]"#, &[r#""0:0:0:0:0:0:0:1""#], &[r#""::2""#]),
        (r#"["10.0.0.256"]"#, &[r#""10.0.0.256""#], &[r#""10.0.0.0256""#]),
    ]);
}

#[test]
fn exists_looks_at_values_alone() {
    check_values(&[
        (r#"[{"exists":true}]"#, &["null", r#""""#, "0", "[1]", "[[null]]"], &["{}", "[]", r#"{"x":1}"#, "[[]]"]),
        (r#"[{"exists":false}]"#, &["{}", "[]", r#"{"x":1}"#], &["null", r#""""#, "[1]"]),
        (r#"["x",{"exists":false}]"#, &[r#""x""#, "{}"], &[r#""y""#, "null"]),
    ]);
    check(&[
        (r#"{"d":{"f":[{"exists":false}]}}"#, &["{}", r#"{"d":1}"#, r#"{"d":{"g":1}}"#], &[r#"{"d":{"f":1}}"#]),
        (r#"{"d":{"f":[{"exists":true}]}}"#, &[r#"{"d":{"f":1}}"#], &["{}", r#"{"d":1}"#]),
    ]);
}
