//! What the world holds now, in words that a test can write down.

use super::{BUCKET, Gate, Stage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SCP: &str = "SERVICE_CONTROL_POLICY";

impl Stage<'_> {
    /// The record sets of a zone by its name, one a line: `www.example.com A 300 192.0.2.10`. Values are sorted and
    /// joined by `, `. The zone's own NS and SOA are left out; no request changes them, and Route 53 made them.
    ///
    /// # Panics
    /// When there is no such zone.
    #[must_use]
    pub fn zone_records(&self, name: &str) -> BTreeSet<String> {
        let zones = self.zone_list();
        let zone = zones.iter().find(|zone| zone["name"] == format!("{name}."));
        let zone = zone.unwrap_or_else(|| panic!("no zone `{name}`"));
        let own =
            |record: &&Value| record["name"] == zone["name"] && (record["type"] == "NS" || record["type"] == "SOA");
        let records = zone["records"].as_array().expect("a list");
        records.iter().filter(|record| !own(record)).map(record_line).collect()
    }

    /// All zones of all accounts, as the emulator tells them (`/_reeve/zones`).
    ///
    /// # Panics
    /// When there is no list.
    #[must_use]
    pub fn zone_list(&self) -> Vec<Value> {
        let told = self.emulator.control("GET", "/_reeve/zones", &Value::Null);
        told.as_array().expect("a list").clone()
    }

    /// The parameters of an account below a path, one a line: `/pub/network/zone String v1 corp.example.com`.
    ///
    /// # Panics
    /// When Systems Manager refuses.
    #[must_use]
    pub fn parameters(&self, account: &str, path: &str) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        let mut request = json!({"Path": path, "Recursive": true});
        loop {
            let told = self.call(self.id(account), "ssm", "AmazonSSM.GetParametersByPath", &request);
            for it in told["Parameters"].as_array().expect("a list") {
                let text = |name: &str| it[name].as_str().expect("text").to_owned();
                lines.insert(format!("{} {} v{} {}", text("Name"), text("Type"), it["Version"], text("Value")));
            }
            match told["NextToken"].as_str() {
                Some(token) if !token.is_empty() => request["NextToken"] = json!(token),
                _ => return lines,
            }
        }
    }

    /// All items of a paged operation of Organizations.
    fn all(&self, operation: &str, list: &str, request: &Value) -> Vec<Value> {
        let mut request = request.clone();
        let mut items = Vec::new();
        loop {
            let told = self.organizations(operation, &request);
            items.extend(told[list].as_array().expect("a list").iter().cloned());
            match told["NextToken"].as_str() {
                Some(token) if !token.is_empty() => request["NextToken"] = json!(token),
                _ => return items,
            }
        }
    }

    /// The accounts of the organization, one a line: `foo aws+foo@example.com in Dev`.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<String> {
        let units = self.unit_names();
        let accounts = self.all("ListAccounts", "Accounts", &json!({}));
        let line = |account: &Value| {
            let parents = self.organizations("ListParents", &json!({"ChildId": account["Id"]}));
            let parent = parents["Parents"][0]["Id"].as_str().expect("a parent");
            let unit = units.get(parent).map_or("?", String::as_str);
            format!("{} {} in {unit}", text(&account["Name"]), text(&account["Email"]))
        };
        accounts.iter().map(line).collect()
    }

    /// How many accounts the organization has.
    #[must_use]
    pub fn account_count(&self) -> usize {
        self.all("ListAccounts", "Accounts", &json!({})).len()
    }

    /// The id of an account of the organization by its name, also of one that the gate has made.
    #[must_use]
    pub fn account_named(&self, name: &str) -> Option<String> {
        let accounts = self.all("ListAccounts", "Accounts", &json!({}));
        accounts.iter().find(|account| account["Name"] == name).map(|account| text(&account["Id"]))
    }

    /// The tags of an account: `key=value`.
    #[must_use]
    pub fn tags(&self, account_id: &str) -> BTreeSet<String> {
        let tags = self.all("ListTagsForResource", "Tags", &json!({"ResourceId": account_id}));
        tags.iter().map(|tag| format!("{}={}", text(&tag["Key"]), text(&tag["Value"]))).collect()
    }

    /// The units, one a line: `Dev in Live`.
    #[must_use]
    pub fn units(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        let names = self.unit_names();
        for (id, name) in &names {
            for child in self.children(id) {
                lines.insert(format!("{} in {name}", text(&child["Name"])));
            }
        }
        lines
    }

    fn children(&self, parent: &str) -> Vec<Value> {
        self.all("ListOrganizationalUnitsForParent", "OrganizationalUnits", &json!({"ParentId": parent}))
    }

    /// Names of the root and the units, by id.
    fn unit_names(&self) -> BTreeMap<String, String> {
        let mut names = BTreeMap::from([(self.unit("root").to_owned(), "root".to_owned())]);
        let mut open = vec![self.unit("root").to_owned()];
        while let Some(parent) = open.pop() {
            for child in self.children(&parent) {
                names.insert(text(&child["Id"]), text(&child["Name"]));
                open.push(text(&child["Id"]));
            }
        }
        names
    }

    /// The service control policies by name: their documents.
    #[must_use]
    pub fn policies(&self) -> BTreeMap<String, String> {
        let policies = self.all("ListPolicies", "Policies", &json!({"Filter": SCP}));
        let read = |policy: &Value| {
            let told = self.organizations("DescribePolicy", &json!({"PolicyId": policy["Id"]}));
            (text(&policy["Name"]), text(&told["Policy"]["Content"]))
        };
        policies.iter().map(read).collect()
    }

    /// The attachments of policies to units and accounts, one a line: `restrict-regions on Dev`. Those of
    /// `FullAWSAccess` are told as `FullAWSAccess not on X` where it is missing, since AWS attaches it everywhere.
    #[must_use]
    pub fn attachments(&self) -> BTreeSet<String> {
        let accounts = self.all("ListAccounts", "Accounts", &json!({}));
        let accounts = accounts.iter().map(|account| (text(&account["Id"]), text(&account["Name"])));
        let mut lines = BTreeSet::new();
        for (id, name) in self.unit_names().into_iter().chain(accounts) {
            let attached = self.all("ListPoliciesForTarget", "Policies", &json!({"TargetId": id, "Filter": SCP}));
            let attached: BTreeSet<String> = attached.iter().map(|policy| text(&policy["Name"])).collect();
            if !attached.contains("FullAWSAccess") {
                lines.insert(format!("FullAWSAccess not on {name}"));
            }
            lines.extend(attached.iter().filter(|it| *it != "FullAWSAccess").map(|it| format!("{it} on {name}")));
        }
        lines
    }

    /// How many calls of an operation were answered with success.
    #[must_use]
    pub fn calls(&self, service: &str, operation: &str) -> usize {
        self.emulator.calls(service, operation).iter().filter(|call| call["ok"] == json!(true)).count()
    }

    /// The objects of the bucket of a gate's receipts that are JSON, by their keys' order.
    ///
    /// # Panics
    /// When S3 refuses.
    #[must_use]
    pub fn objects(&self, gate: Gate) -> Vec<Value> {
        let bucket = format!("{BUCKET}-{}", gate.name());
        let get = |target: &str| {
            let reply = self.emulator.rest(self.account_of(gate), "s3", "GET", target, "");
            assert_eq!(reply.status(), 200, "{target}");
            String::from_utf8_lossy(&reply.body).into_owned()
        };
        let listed = get(&format!("/{bucket}?list-type=2"));
        let keys = listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.filter_map(|key| serde_json::from_str(&get(&format!("/{bucket}/{key}"))).ok()).collect()
    }

    /// The commands that were sent to the controllers, each as its parameters' text.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let calls = self.emulator.calls("ssm", "SendCommand");
        calls.iter().filter(|call| call["ok"] == json!(true)).map(|call| call["request"].to_string()).collect()
    }
}

fn record_line(record: &Value) -> String {
    let name = text(&record["name"]);
    let name = name.trim_end_matches('.');
    let record_type = text(&record["type"]);
    let mut values: Vec<String> = record["values"].as_array().expect("a list").iter().map(text).collect();
    values.sort();
    match &record["alias"] {
        Value::Null => format!("{name} {record_type} {} {}", record["ttl"], values.join(", ")),
        alias => format!("{name} {record_type} alias {} {}", text(&alias["HostedZoneId"]), text(&alias["DNSName"])),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
