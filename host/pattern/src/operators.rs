//! What stands in a field's list: plain values and operators, each read into a [`Test`].

use crate::address::{Block, parse_address};
use crate::compile::of_type;
use crate::fold::Folded;
use crate::number;
use crate::value::{Range, Test, Text};
use crate::wildcard::Wildcard;
use reeve_json::{Member, Node, Number, Value, escape_pointer_token};

const EQUALS_IGNORE_CASE: &str = "equals-ignore-case";

/// Names that event-ruler reserves inside `$or`: its operators, present and planned.
pub(crate) const OPERATORS_RESERVED: &[&str] = &[
    "exactly",
    EQUALS_IGNORE_CASE,
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// A refusal, with its JSON pointer from the entry on.
pub(crate) struct Reject {
    pub(crate) pointer: String,
    pub(crate) message: String,
}

impl From<String> for Reject {
    fn from(message: String) -> Self {
        Self { pointer: String::new(), message }
    }
}

impl Reject {
    fn below(self, token: &str) -> Self {
        Self { pointer: format!("/{}{}", escape_pointer_token(token), self.pointer), message: self.message }
    }
}

/// Reads one entry of a field's list; `None` is `exists: false`.
pub(crate) fn entry(value: &Value) -> Result<Option<Test>, Reject> {
    match value {
        Value::Null => Ok(Some(Test::Null)),
        Value::Bool(bool) => Ok(Some(Test::Bool(*bool))),
        Value::Number(number) => Ok(Some(Test::Number(*number))),
        Value::String(text) => {
            Ok(Some(parse_address(text).map_or_else(|| Test::Text(Text::Equals(text.as_str().into())), Test::Address)))
        }
        Value::Array(_) => {
            Err("a value is a string, a number, a boolean, null or an operator, not an array".to_owned())?
        }
        Value::Object(_) => {
            let member = only_member(value)?;
            operator(member).map_err(|reject| reject.below(&member.key))
        }
    }
}

fn only_member(value: &Value) -> Result<&Member, Reject> {
    let mut members = value.as_object().into_iter().flatten();
    match (members.next(), members.next()) {
        (Some(member), None) => Ok(member),
        (None, _) => Err("an operator is an object with one key, this one has none".to_owned())?,
        (Some(_), Some(_)) => Err("an operator is an object with one key, this one has more".to_owned())?,
    }
}

fn operator(member: &Member) -> Result<Option<Test>, Reject> {
    let node = &member.value;
    let test = match member.key.as_str() {
        "prefix" => Test::Text(cased(node, Text::Prefix, Text::PrefixIgnoreCase)?),
        "suffix" => Test::Text(cased(node, Text::Suffix, Text::SuffixIgnoreCase)?),
        EQUALS_IGNORE_CASE => Test::Text(Text::EqualsIgnoreCase(Folded::new(string(node)?))),
        "wildcard" => Test::Text(wildcard(string(node)?)?),
        "anything-but" => anything_but(node)?,
        "numeric" => Test::Range(numeric(node)?),
        "cidr" => {
            let text = string(node)?;
            let wrong = |what| format!("`{}` is not a CIDR block: {what}", text.escape_debug());
            Test::Block(Block::parse(text).map_err(wrong)?)
        }
        "exists" => match node.value.as_bool() {
            Some(true) => Test::Any,
            Some(false) => return Ok(None),
            None => Err(format!("`exists` is true or false, not {}", of_type(&node.value)))?,
        },
        "exactly" => Err("`exactly` is not an operator of EventBridge, write the value itself".to_owned())?,
        other => Err(format!("`{}` is not an operator", other.escape_debug()))?,
    };
    Ok(Some(test))
}

fn string(node: &Node) -> Result<&str, Reject> {
    Ok(node.as_str().ok_or_else(|| format!("the value must be a string, not {}", of_type(&node.value)))?)
}

fn wildcard(text: &str) -> Result<Text, Reject> {
    let wrong = |what| format!("`{}` is not a wildcard: {what}", text.escape_debug());
    Ok(Text::Wildcard(Wildcard::parse(text).map_err(wrong)?))
}

/// A string, or `{"equals-ignore-case": string}`.
fn cased(node: &Node, exact: fn(Box<str>) -> Text, ignoring: fn(Folded) -> Text) -> Result<Text, Reject> {
    if node.as_object().is_none() {
        return Ok(exact(string(node)?.into()));
    }
    let member = only_member(&node.value)?;
    if member.key != EQUALS_IGNORE_CASE {
        Err(format!("`{}` cannot stand here, only `{EQUALS_IGNORE_CASE}` can", member.key.escape_debug()))?;
    }
    string(&member.value).map(|text| ignoring(Folded::new(text))).map_err(|reject| reject.below(&member.key))
}

fn anything_but(node: &Node) -> Result<Test, Reject> {
    match &node.value {
        Value::Object(_) => {
            let member = only_member(&node.value)?;
            anything_but_operator(member).map_err(|reject| reject.below(&member.key))
        }
        Value::Array(items) => anything_but_list(items),
        Value::String(_) | Value::Number(_) | Value::Null | Value::Bool(_) => {
            anything_but_list(std::slice::from_ref(node)).map_err(|reject| Reject::from(reject.message))
        }
    }
}

/// Strings alone or numbers alone.
fn anything_but_list(items: &[Node]) -> Result<Test, Reject> {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let here = |message: String| Reject::from(message).below(&index.to_string());
        match &item.value {
            Value::String(text) => texts.push(Text::Equals(text.as_str().into())),
            Value::Number(number) => numbers.push(comparable(*number).map_err(here)?),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                return Err(here(format!("`anything-but` takes strings or numbers, not {}", of_type(&item.value))));
            }
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(Test::NoneOfTexts(texts)),
        (true, false) => Ok(Test::NoneOfNumbers(numbers)),
        (true, true) => Err("the list is empty".to_owned())?,
        (false, false) => Err("the list has both strings and numbers".to_owned())?,
    }
}

/// One operator on a string, or on each of a list of strings.
fn anything_but_operator(member: &Member) -> Result<Test, Reject> {
    let read: fn(&str) -> Result<Text, Reject> = match member.key.as_str() {
        "prefix" => |text| Ok(Text::Prefix(not_empty(text)?.into())),
        "suffix" => |text| Ok(Text::Suffix(not_empty(text)?.into())),
        EQUALS_IGNORE_CASE => |text| Ok(Text::EqualsIgnoreCase(Folded::new(text))),
        "wildcard" => wildcard,
        other => Err(format!("`{}` cannot stand inside `anything-but`", other.escape_debug()))?,
    };
    let Some(items) = member.value.as_array() else {
        return Ok(Test::NoneOfTexts(vec![string(&member.value).and_then(read)?]));
    };
    if items.is_empty() {
        Err("the list is empty".to_owned())?;
    }
    let one = |(index, item)| string(item).and_then(read).map_err(|reject| reject.below(&usize::to_string(&index)));
    Ok(Test::NoneOfTexts(items.iter().enumerate().map(one).collect::<Result<_, _>>()?))
}

/// Every string starts and ends with the empty one, so nothing could match.
fn not_empty(text: &str) -> Result<&str, Reject> {
    Ok(Some(text).filter(|text| !text.is_empty()).ok_or_else(|| "the string must not be empty".to_owned())?)
}

fn comparable(number: Number) -> Result<f64, String> {
    number::comparable(number).ok_or_else(|| "the number has more digits than a double keeps".to_owned())
}

/// `["=", n]`, one bound, or a low bound and a high bound in that order.
fn numeric(node: &Node) -> Result<Range, Reject> {
    const SHAPE: &str = "`numeric` is a list such as `[\"=\", 5]`, `[\">\", 0]` or `[\">=\", 0, \"<\", 10]`";
    let items = node.as_array().ok_or_else(|| SHAPE.to_owned())?;
    let bound = |operator: &Node, number: &Node| {
        let Value::Number(number) = number.value else { return Err(SHAPE.to_owned()) };
        Ok((operator.as_str().unwrap_or_default().to_owned(), comparable(number)?))
    };
    match items {
        [operator, number] => {
            let (operator, number) = bound(operator, number)?;
            match operator.as_str() {
                "=" => Ok(Range { low: Some((number, true)), high: Some((number, true)) }),
                ">" | ">=" => Ok(Range { low: Some((number, operator == ">=")), high: None }),
                "<" | "<=" => Ok(Range { low: None, high: Some((number, operator == "<=")) }),
                _ => Err(SHAPE.to_owned())?,
            }
        }
        [low_operator, low, high_operator, high] => {
            let ((low_operator, low), (high_operator, high)) = (bound(low_operator, low)?, bound(high_operator, high)?);
            if !matches!(low_operator.as_str(), ">" | ">=") || !matches!(high_operator.as_str(), "<" | "<=") {
                Err("a range has its low bound first, with `>` or `>=`, and then its high bound".to_owned())?;
            }
            if low >= high {
                Err(format!("the low bound `{low}` is not below the high bound `{high}`"))?;
            }
            Ok(Range { low: Some((low, low_operator == ">=")), high: Some((high, high_operator == "<=")) })
        }
        _ => Err(SHAPE.to_owned())?,
    }
}
