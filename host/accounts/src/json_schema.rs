//! The JSON Schema of the accounts file, for editors that complete and check while a person types.
//!
//! It is made of the same table of keys as the reader. It cannot say all that the reader says: what compares two values
//! or needs a list of suffixes is left to `reeve check`.

use crate::schema::{self, KEYS, Key, Place, STATUS_WORDS, Shape};
use crate::units::UNIT_KEYS;
use reeve_json::Value as Json;

/// The version of JSON Schema.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A name of an account or a scope.
const NAME: &str = "^[a-z0-9][a-z0-9-]{0,49}$";

/// A name on one line without spaces around it.
const ONE_LINE: &str =
    r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$";

/// A Region by its shape.
const REGION: &str = "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$";

/// A policy's name, which is a file name too.
const POLICY: &str = "^[A-Za-z0-9_+=,@-][A-Za-z0-9_+=,.@-]{0,127}$";

/// An entry of a list of domains.
const DOMAIN: &str = r"^[.=]?[a-z0-9-][a-z0-9_-]{0,62}(\.[a-z0-9-][a-z0-9_-]{0,62})+$";

/// A key or a value of a tag: letters, digits, separators and a few signs of any script.
const TAG: &str = r"^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$";

/// The schema as a tree, members in a stable order.
#[must_use]
pub fn json_schema() -> Json {
    let layer = |what: &str, places: &[Place]| {
        let keys = KEYS.iter().filter(|key| places.contains(&key.place)).map(|key| (key.name, property(key)));
        Json::object([
            ("description", Json::from(what)),
            ("type", Json::from("object")),
            ("additionalProperties", Json::Bool(false)),
            ("properties", Json::object(keys)),
        ])
    };
    let shared = [Place::Anywhere];
    let own = [Place::Anywhere, Place::Account];
    Json::object([
        ("$schema", Json::from(DIALECT)),
        ("title", Json::from("Accounts file of Reeve")),
        (
            "description",
            Json::from("Which accounts there are. Later layers win, key by key: Default, Scopes, Accounts."),
        ),
        ("type", Json::from("object")),
        ("additionalProperties", Json::Bool(false)),
        ("required", Json::array(["Accounts"])),
        (
            "properties",
            Json::object([
                ("Default", reference("shared")),
                ("Scopes", named(NAME, reference("shared"), "What every account that names the scope takes.")),
                ("Accounts", named(NAME, reference("account"), "The accounts by their readable names.")),
                ("OrganizationUnits", named(ONE_LINE, reference("unit"), "The units by name.")),
            ]),
        ),
        (
            "$defs",
            Json::object([
                ("shared", layer("Values for several accounts.", &shared)),
                ("account", layer("One account.", &own)),
                ("unit", unit()),
                ("policies", policies()),
            ]),
        ),
    ])
}

fn reference(name: &str) -> Json {
    Json::object([("$ref", format!("#/$defs/{name}"))])
}

fn named(pattern: &str, value: Json, about: &str) -> Json {
    Json::object([
        ("description", Json::from(about)),
        ("type", Json::from("object")),
        ("propertyNames", Json::object([("pattern", pattern)])),
        ("additionalProperties", value),
    ])
}

fn unit() -> Json {
    let property = |name: &str| match name {
        "id" => Json::object([
            ("description", "The id of the unit or of the root, once known."),
            ("type", "string"),
            ("pattern", "^(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}|r-[0-9a-z]{4,32})$"),
        ]),
        "parent" => Json::object([
            ("description", "The unit right above it; the root where it is left out."),
            ("type", "string"),
        ]),
        _ => reference("policies"),
    };
    Json::object([
        ("description", Json::from("One organizational unit.")),
        ("type", Json::from("object")),
        ("additionalProperties", Json::Bool(false)),
        ("properties", Json::object(UNIT_KEYS.map(|name| (name, property(name))))),
    ])
}

fn policies() -> Json {
    Json::object([
        ("description", Json::from("Names of the service control policies attached to it.")),
        ("type", Json::from("array")),
        ("items", text(POLICY, None)),
        ("uniqueItems", Json::Bool(true)),
    ])
}

fn text(pattern: &str, chars_max: Option<usize>) -> Json {
    let mut text = Json::object([("type", "string"), ("pattern", pattern)]);
    if let (Json::Object(object), Some(max)) = (&mut text, chars_max) {
        object.set("maxLength", number(max));
    }
    text
}

fn number(number: usize) -> Json {
    Json::from(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A list without equal items.
fn list(items: Json, least: usize) -> Json {
    Json::object([
        ("type", Json::from("array")),
        ("items", items),
        ("minItems", number(least)),
        ("uniqueItems", Json::Bool(true)),
    ])
}

fn property(key: &Key) -> Json {
    let mut value = match key.shape {
        Shape::Access => Json::object([("type", Json::from("object")), ("additionalProperties", text(ONE_LINE, None))]),
        Shape::AccountId => text("^[0-9]{12}$", None),
        Shape::Count => Json::object([
            ("type", Json::from("integer")),
            ("minimum", Json::from(0_u32)),
            ("maximum", Json::from(u32::MAX)),
        ]),
        Shape::Domains => list(text(DOMAIN, None), 0),
        Shape::Email => text(r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", Some(schema::EMAIL_CHARS_MAX)),
        Shape::Flag => Json::object([("type", "boolean")]),
        Shape::Policies => reference("policies"),
        Shape::Region => text(REGION, None),
        Shape::Regions => list(text(REGION, None), 1),
        Shape::Status => Json::object([("enum", Json::array(STATUS_WORDS.iter().copied()))]),
        Shape::Tags => Json::object([
            ("type", Json::from("object")),
            ("maxProperties", number(schema::TAGS_MAX)),
            (
                "propertyNames",
                Json::object([
                    ("pattern", Json::from("^(?![aA][wW][sS]:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$")),
                    ("minLength", number(1)),
                    ("maxLength", number(schema::TAG_KEY_CHARS_MAX)),
                ]),
            ),
            ("additionalProperties", text(TAG, Some(schema::TAG_VALUE_CHARS_MAX))),
        ]),
        Shape::Text => text(ONE_LINE, None),
        Shape::Tier => text("^[a-z][a-z0-9-]*$", None),
        Shape::Unit => text(ONE_LINE, Some(schema::UNIT_CHARS_MAX)),
    };
    if let Json::Object(object) = &mut value {
        object.set("description", key.about);
    }
    value
}
