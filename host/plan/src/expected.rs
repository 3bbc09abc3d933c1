//! The parameters that follow from a state of files, by gate.

use crate::gates::GateRole;
use crate::parameters::of_account;
use crate::state::State;
use std::collections::BTreeMap;

/// A value, and whether it is a `StringList`.
pub type Expected = (String, bool);

impl State {
    /// What each gate is asked to put for the accounts whose ids are known, by name of gate and parameter.
    #[must_use]
    pub fn parameters_at(&self, gates: &[GateRole]) -> BTreeMap<String, BTreeMap<String, Expected>> {
        let mut expected: BTreeMap<String, BTreeMap<String, Expected>> = BTreeMap::new();
        for (name, account) in self.accounts.iter().filter(|(_, account)| account.id.is_some()) {
            for wanted in of_account(name, account, account.id.as_ref(), &self.naming) {
                for gate in gates.iter().filter(|gate| gate.puts(&wanted.name)) {
                    let at = expected.entry(gate.name.clone()).or_default();
                    at.insert(wanted.name.clone(), (wanted.value.clone(), wanted.list));
                }
            }
        }
        expected
    }
}
