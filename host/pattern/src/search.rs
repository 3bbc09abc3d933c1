//! Looking for an alternative's fields in an event.
//!
//! event-ruler flattens an event into dotted paths and tries every combination of values, which can take exponential
//! time. This walks the tree instead and comes to the same result, because values can only conflict where their ways
//! part inside one array: below an object every member can be looked at on its own, below an array one element has to
//! serve all fields that lead into it. For one alternative the work is at most fields x levels x values of the event.

use crate::{EVENT_DEPTH_MAX, Field, FieldSet};
use reeve_json::{Node, Object, Value};

/// Whether the event has values for all fields of the set at once.
pub(crate) fn holds(fields: &[Field], set: FieldSet, event: &Object) -> bool {
    Search { fields }.object(event, Place { at: 0, depth: 1 }, set)
}

struct Search<'p> {
    fields: &'p [Field],
}

/// Where in the event the search stands.
#[derive(Clone, Copy)]
struct Place {
    /// How many bytes of each field's path are used up, the dot after the last key included: one past the end of the
    /// path means that the value here is the field's own.
    at: usize,
    /// How many arrays and objects are open.
    depth: usize,
}

impl Place {
    fn below(self, key: &str) -> Self {
        Self { at: self.at + key.len() + 1, depth: self.depth + 1 }
    }

    fn element(self) -> Self {
        Self { at: self.at, depth: self.depth + 1 }
    }
}

impl Field {
    /// Whether the field's path goes on with this key: the rest is the key, or starts with the key and a dot.
    fn enters(&self, key: &str, at: usize) -> bool {
        let rest = self.path.as_bytes().get(at..).and_then(|rest| rest.strip_prefix(key.as_bytes()));
        matches!(rest, Some([] | [b'.', ..]))
    }

    /// Whether the path is used up, so that a value here is the field's own.
    fn ends(&self, at: usize) -> bool {
        at > self.path.len()
    }

    fn passes(&self, value: &Value) -> bool {
        self.tests.iter().any(|test| test.passes(value))
    }
}

impl<'p> Search<'p> {
    /// The fields of a set with their bits, in the order of their paths.
    fn each(&self, set: FieldSet) -> impl Iterator<Item = (FieldSet, &'p Field)> + use<'p> {
        let fields = self.fields;
        let mut left = set;
        std::iter::from_fn(move || {
            let bit = left & left.wrapping_neg();
            let field = fields.get(usize::try_from(bit.checked_ilog2()?).ok()?)?;
            left ^= bit;
            Some((bit, field))
        })
    }

    fn all_may_be_absent(&self, set: FieldSet) -> bool {
        self.each(set).all(|(_, field)| field.absent)
    }

    /// The fields of the set whose paths go on with this key.
    fn entering(&self, set: FieldSet, key: &str, at: usize) -> FieldSet {
        self.each(set).filter(|(_, field)| field.enters(key, at)).fold(0, |sum, (bit, _)| sum | bit)
    }

    /// Whether all fields of the set hold at this value.
    fn value(&self, value: &Value, place: Place, set: FieldSet) -> bool {
        match value {
            Value::Object(_) | Value::Array(_) if place.depth > EVENT_DEPTH_MAX => false,
            Value::Object(object) => self.object(object, place, set),
            Value::Array(items) => self.array(items, place, set),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.each(set).all(|(_, field)| if field.ends(place.at) { field.passes(value) } else { field.absent })
            }
        }
    }

    /// Members do not conflict, so each is asked for the fields that lead into it.
    fn object(&self, object: &Object, place: Place, set: FieldSet) -> bool {
        // Only a key with a dot can offer a field a second way. This is asked before anything else: to find out later
        // and start again would double the work at every level.
        let dotted = |key: &str| key.as_bytes().contains(&b'.') && self.entering(set, key, place.at) != 0;
        if object.iter().any(|member| dotted(&member.key)) {
            return self.dotted(object, place, set);
        }
        let mut left = set;
        for member in object {
            let group = self.entering(left, &member.key, place.at);
            if group != 0 && !self.value(&member.value.value, place.below(&member.key), group) {
                return false;
            }
            left ^= group;
            if left == 0 {
                return true;
            }
        }
        self.all_may_be_absent(left)
    }

    /// As [`Self::object`], for an object in which a field may have more than one way: `a` and then `b` in it, or
    /// `a.b`. A field goes the first way on which it could be met were it alone; one that can be met nowhere must be
    /// absent on every way. Ways are taken in the order of their keys, not in that of the text: the two may be written
    /// either way round. (event-ruler would also try the other ways if an array on the first one then makes the fields
    /// conflict. That is left out: it is the part that takes exponential time.)
    fn dotted(&self, object: &Object, place: Place, set: FieldSet) -> bool {
        let met_alone = |node: &Node, key: &str, group: FieldSet| {
            let met = |(_, field): &(FieldSet, &Field)| {
                any_value(&node.value, place.below(key), field, &|value| field.passes(value))
            };
            self.each(group).filter(met).fold(0, |sum, (bit, _)| sum | bit)
        };
        let mut members: Vec<_> = object.iter().collect();
        members.sort_by(|one, other| one.key.cmp(&other.key));
        let mut anywhere = 0;
        for member in &members {
            let group = self.entering(set, &member.key, place.at);
            anywhere |= met_alone(&member.value, &member.key, group);
        }
        if !self.all_may_be_absent(set & !anywhere) {
            return false;
        }
        let mut assigned = 0;
        members.into_iter().all(|member| {
            let group = self.entering(set, &member.key, place.at);
            let here = met_alone(&member.value, &member.key, group & anywhere & !assigned);
            assigned |= here;
            let asked = here | (group & !anywhere);
            asked == 0 || self.value(&member.value.value, place.below(&member.key), asked)
        })
    }

    /// Plain elements go with anything. Of the elements that are objects or arrays, one must serve every field that
    /// is not met by a plain element.
    ///
    /// Fields are taken in order, as event-ruler does: one that must be absent is absent from the whole array until
    /// an earlier field has settled on an element, and from then on only from that element.
    fn array(&self, items: &[Node], place: Place, set: FieldSet) -> bool {
        let met_plainly = |field: &Field| {
            field.ends(place.at) && items.iter().any(|item| is_plain(&item.value) && field.passes(&item.value))
        };
        let mut left = self.each(set).filter(|(_, field)| !met_plainly(field)).fold(0, |sum, (bit, _)| sum | bit);
        // Fields that must not be taken for absent in an element, although they may be absent from events.
        let mut there = 0;
        for (bit, field) in self.each(left) {
            if !field.absent {
                break;
            }
            if items.iter().any(|item| any_value(&item.value, place.element(), field, &|_| true)) {
                there |= bit;
                break;
            }
            left ^= bit;
        }
        if items.iter().any(|item| is_plain(&item.value)) {
            // A plain element that does not pass is a value all the same.
            there |= self.each(left).filter(|(_, field)| field.ends(place.at)).fold(0, |sum, (bit, _)| sum | bit);
        }
        let meets =
            |item: &Node, field: &Field| any_value(&item.value, place.element(), field, &|value| field.passes(value));
        let serves = |item: &Node| {
            !is_plain(&item.value)
                && self.value(&item.value, place.element(), left)
                && self.each(there).all(|(_, field)| meets(item, field))
        };
        left == 0 || items.iter().any(serves)
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether some value of the field below here passes, whatever other fields need. What lies too deep passes.
fn any_value(value: &Value, place: Place, field: &Field, passes: &impl Fn(&Value) -> bool) -> bool {
    match value {
        Value::Object(_) | Value::Array(_) if place.depth > EVENT_DEPTH_MAX => true,
        Value::Object(object) => object.iter().any(|member| {
            field.enters(&member.key, place.at)
                && any_value(&member.value.value, place.below(&member.key), field, passes)
        }),
        Value::Array(items) => items.iter().any(|item| any_value(&item.value, place.element(), field, passes)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => field.ends(place.at) && passes(value),
    }
}
