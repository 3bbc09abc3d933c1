//! Setting the world up.

use super::{BUCKET, BUS, CONTROLLERS, Gate, INSTANCE, INSTANCE_HOSTILE, Stage, TABLE};
use crate::emulator::REGION;
use serde_json::{Value, json};

/// Members of the organization: name and unit, in the order in which they are made.
const MEMBERS: [(&str, &str); 7] = [
    ("dns", "Infra"),
    ("shared", "Infra"),
    ("infra", "Infra"),
    ("cicd", "Infra"),
    ("foo", "Dev"),
    ("bar", "Standard"),
    ("baz", "Dev"),
];
/// Units: name and parent.
const UNITS: [(&str, &str); 6] =
    [("Live", "root"), ("Morgue", "root"), ("Dev", "Live"), ("Standard", "Live"), ("Infra", "Live"), ("Scp", "Live")];
/// Policies of `policies/examples/scps`, and the unit that each is attached to.
const POLICIES: [(&str, &str); 2] = [("deny-leave-organization", "Live"), ("restrict-regions", "Dev")];
/// Detail-types of Auto Scaling that the hosts' rule takes.
const HOST_EVENTS: [&str; 2] = ["EC2 Instance Launch Successful", "EC2 Instance Terminate Successful"];
/// What the zones of the gate hold at the beginning: zone, name, type, time to live, value.
const RECORDS: [(&str, &str, &str, u32, &str); 3] = [
    ("example.com", "example.com", "CAA", 3600, "0 issue &quot;amazon.com&quot;"),
    ("example.com", "www.example.com", "A", 300, "192.0.2.10"),
    ("example.com", "legacy.foo.example.com", "A", 300, "192.0.2.77"),
];
/// Parameters of the management account at the beginning.
const PARAMETERS: [(&str, &str, &str); 2] =
    [("/pub/network/zone", "String", "corp.example.com"), ("/pub/accounts/names", "StringList", "dns,foo,bar")];

impl Stage<'_> {
    pub(super) fn provision(&mut self) {
        let switches = json!({"bus_policy": true, "org_create_s": 0, "ssm_command_s": self.options.command_seconds});
        let _ = self.emulator.control("POST", "/_reeve/switches", &switches);
        self.organization();
        self.zones();
        for gate in Gate::ALL {
            self.intake_of(gate);
        }
        for account in self.accounts.keys().cloned().collect::<Vec<_>>() {
            self.answers_of(&account);
        }
        self.host_events();
        self.facts();
        let switches = json!({"org_create_s": self.options.create_seconds});
        let _ = self.emulator.control("POST", "/_reeve/switches", &switches);
        let _ = self.emulator.control("DELETE", "/_reeve/calls", &Value::Null);
    }

    /// A call that must succeed.
    pub(super) fn call(&self, account: &str, service: &str, target: &str, body: &Value) -> Value {
        self.emulator.aws(account, service, target, body).unwrap_or_else(|error| panic!("{target} {body}: {error}"))
    }

    pub(super) fn organizations(&self, operation: &str, body: &Value) -> Value {
        self.call(self.id("management"), "organizations", &format!("AWSOrganizationsV20161128.{operation}"), body)
    }

    fn organization(&mut self) {
        self.organizations("CreateOrganization", &json!({"FeatureSet": "ALL"}));
        let roots = self.organizations("ListRoots", &json!({}));
        let root = roots["Roots"][0]["Id"].as_str().expect("a root").to_owned();
        self.units.insert("root".to_owned(), root.clone());
        for (name, parent) in UNITS {
            let request = json!({"Name": name, "ParentId": self.unit(parent)});
            let made = self.organizations("CreateOrganizationalUnit", &request);
            let id = made["OrganizationalUnit"]["Id"].as_str().expect("an id").to_owned();
            self.units.insert(name.to_owned(), id);
        }
        for (name, unit) in MEMBERS {
            let request = json!({"AccountName": name, "Email": format!("aws+{name}@example.com")});
            let made = self.organizations("CreateAccount", &request);
            let request = json!({"CreateAccountRequestId": made["CreateAccountStatus"]["Id"]});
            let status = self.organizations("DescribeCreateAccountStatus", &request);
            let id = status["CreateAccountStatus"]["AccountId"].as_str().expect("made at once").to_owned();
            let request = json!({"AccountId": id, "SourceParentId": root, "DestinationParentId": self.unit(unit)});
            self.organizations("MoveAccount", &request);
            self.accounts.insert(name.to_owned(), id);
        }
        for (name, unit) in POLICIES {
            let content = document(name);
            let request =
                json!({"Name": name, "Description": name, "Type": "SERVICE_CONTROL_POLICY", "Content": content});
            let made = self.organizations("CreatePolicy", &request);
            let id = &made["Policy"]["PolicySummary"]["Id"];
            self.organizations("AttachPolicy", &json!({"PolicyId": id, "TargetId": self.unit(unit)}));
        }
    }

    fn zones(&mut self) {
        for (name, private) in [("example.com", false), ("corp.example.com", true)] {
            let config = format!("<HostedZoneConfig><PrivateZone>{private}</PrivateZone></HostedZoneConfig>");
            let vpc = "<VPC><VPCRegion>us-east-1</VPCRegion><VPCId>vpc-0a1b2c3d</VPCId></VPC>";
            let vpc = if private { vpc } else { "" };
            let body = format!(
                "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{name}</Name>\
                 {vpc}<CallerReference>{name}</CallerReference>{config}</CreateHostedZoneRequest>"
            );
            let text = self.route53("POST", "/2013-04-01/hostedzone", &body);
            let id = between(&text, "<Id>/hostedzone/", "</Id>");
            self.zones.insert(name.to_owned(), id);
        }
        for (zone, name, record_type, ttl, value) in RECORDS {
            self.put_record(zone, name, record_type, ttl, value);
        }
    }

    /// Writes a record set with one value, as somebody who goes round the gate.
    ///
    /// # Panics
    /// When Route 53 refuses.
    pub fn put_record(&self, zone: &str, name: &str, record_type: &str, ttl: u32, value: &str) {
        let set = format!(
            "<Name>{name}</Name><Type>{record_type}</Type><TTL>{ttl}</TTL>\
             <ResourceRecords><ResourceRecord><Value>{value}</Value></ResourceRecord></ResourceRecords>"
        );
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch>\
             <Changes><Change><Action>UPSERT</Action><ResourceRecordSet>{set}</ResourceRecordSet></Change></Changes>\
             </ChangeBatch></ChangeResourceRecordSetsRequest>"
        );
        self.route53("POST", &format!("/2013-04-01/hostedzone/{}/rrset/", self.zone(zone)), &body);
    }

    fn route53(&self, method: &str, target: &str, body: &str) -> String {
        let reply = self.emulator.rest(self.id("dns"), "route53", method, target, body);
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(matches!(reply.status(), 200 | 201), "{method} {target}: {text}");
        text
    }

    /// Bus, bus policy, queue with its dead letters, rule and ledger of a gate.
    fn intake_of(&self, gate: Gate) {
        let account = self.account_of(gate).to_owned();
        let events = |operation: &str, body: &Value| {
            self.call(&account, "events", &format!("AWSEvents.{operation}"), body);
        };
        events("CreateEventBus", &json!({"Name": BUS}));
        let policy = self.bus_policy(gate).to_string();
        events("PutPermission", &json!({"EventBusName": BUS, "Policy": policy}));
        let queue = self.intake(gate);
        let fifo = self.options.queue_fifo;
        let dead = format!("reeve-{}-dead{}", gate.name(), if fifo { ".fifo" } else { "" });
        let attributes = if fifo { json!({"FifoQueue": "true"}) } else { json!({}) };
        self.queue(&account, &dead, attributes);
        let dead = format!("arn:aws:sqs:{REGION}:{account}:{dead}");
        let redrive = json!({"deadLetterTargetArn": dead, "maxReceiveCount": self.options.receive_max}).to_string();
        let policy = self.queue_policy(gate).to_string();
        let mut attributes = json!({"Policy": policy, "RedrivePolicy": redrive});
        if fifo {
            attributes["FifoQueue"] = json!("true");
            attributes["ContentBasedDeduplication"] = json!("true");
        }
        self.queue(&account, &queue, attributes);
        let pattern = json!({"detail-type": gate.detail_types()});
        self.rule_to_queue(gate, &format!("reeve-{}", gate.name()), &pattern);
        self.table(&account);
        let bucket = format!("{BUCKET}-{}", gate.name());
        let reply = self.emulator.rest(&account, "s3", "PUT", &format!("/{bucket}"), "");
        assert_eq!(reply.status(), 200, "bucket {bucket}: {}", String::from_utf8_lossy(&reply.body));
    }

    fn rule_to_queue(&self, gate: Gate, name: &str, pattern: &Value) {
        let account = self.account_of(gate);
        let mut target = json!({"Id": "queue", "Arn": format!("arn:aws:sqs:{REGION}:{account}:{}", self.intake(gate))});
        if self.options.queue_fifo {
            target["SqsParameters"] = json!({"MessageGroupId": "infra"});
        }
        self.rule(account, BUS, name, pattern, &target);
    }

    fn rule(&self, account: &str, bus: &str, name: &str, pattern: &Value, target: &Value) {
        let rule = json!({"Name": name, "EventBusName": bus, "EventPattern": pattern.to_string(), "State": "ENABLED"});
        self.call(account, "events", "AWSEvents.PutRule", &rule);
        let targets = json!({"Rule": name, "EventBusName": bus, "Targets": [target]});
        let told = self.call(account, "events", "AWSEvents.PutTargets", &targets);
        assert_eq!(told["FailedEntryCount"], json!(0), "{told}");
    }

    fn queue(&self, account: &str, name: &str, attributes: Value) {
        self.call(account, "sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name, "Attributes": attributes}));
    }

    /// Who may put what on a gate's bus: the organization, requests of the gate's kinds, and nothing else.
    fn bus_policy(&self, gate: Gate) -> Value {
        let organization = self.organizations("DescribeOrganization", &json!({}));
        let organization = &organization["Organization"]["Id"];
        let mut types: Vec<&str> = gate.detail_types().to_vec();
        if gate == Gate::Management {
            types.extend(HOST_EVENTS);
        }
        let arn = format!("arn:aws:events:{REGION}:{}:event-bus/{BUS}", self.account_of(gate));
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Requests", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "events:PutEvents",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization, "events:detail-type": types}},
        }]})
    }

    /// The policy of a gate's queue that lets the gate's rules in and nobody else.
    #[must_use]
    pub fn queue_policy(&self, gate: Gate) -> Value {
        let arn = format!("arn:aws:sqs:{REGION}:{}:{}", self.account_of(gate), self.intake(gate));
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Rules", "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.rules(gate)}},
        }]})
    }

    fn table(&self, account: &str) {
        let table = json!({
            "TableName": TABLE,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        });
        self.call(account, "dynamodb", "DynamoDB_20120810.CreateTable", &table);
    }

    /// The queue for an account's answers, and the rules of both gates' buses that send them there.
    fn answers_of(&self, account: &str) {
        let id = self.id(account);
        self.queue(id, "reeve-replies", json!({}));
        for gate in Gate::ALL {
            let pattern = json!({"source": [format!("reeve.{}", gate.name())], "detail": {"account": [id]}});
            let target = json!({"Id": "queue", "Arn": format!("arn:aws:sqs:{REGION}:{id}:reeve-replies")});
            self.rule(self.account_of(gate), BUS, &format!("replies-{account}"), &pattern, &target);
        }
    }

    /// What Auto Scaling tells on the accounts' own buses goes to the bus of the management account.
    fn host_events(&self) {
        let pattern = json!({"source": ["aws.autoscaling"], "detail-type": HOST_EVENTS});
        self.rule_to_queue(Gate::Management, "reeve-hosts", &pattern);
        let bus = format!("arn:aws:events:{REGION}:{}:event-bus/{BUS}", self.id("management"));
        for account in ["foo", "bar"] {
            let role = format!("arn:aws:iam::{}:role/to-infra", self.id(account));
            let target = json!({"Id": "bus", "Arn": bus, "RoleArn": role});
            self.rule(self.id(account), "default", "hosts", &pattern, &target);
        }
    }

    /// Lets one more instance of an account report to Systems Manager; it takes the place of all before.
    pub fn instance(&self, account: &str, id: &str, name: &str, address: &str) {
        let instances = [instance(id, name, address, "Linux")];
        let body = json!({"account": self.id(account), "region": REGION, "instances": instances});
        let _ = self.emulator.control("POST", "/_reeve/instances", &body);
    }

    /// Instances and parameters.
    fn facts(&self) {
        let of_foo = [
            instance(INSTANCE, "web-1.corp.example.com", "10.0.0.5", "Linux"),
            instance(INSTANCE_HOSTILE, "web-1'; Remove-Item C:\\ -Recurse; '.corp.example.com", "10.0.0.6", "Linux"),
        ];
        let controllers = CONTROLLERS.map(|id| instance(id, "dc.corp.example.com", "10.1.0.4", "Windows"));
        for (account, instances) in [("foo", &of_foo[..]), ("shared", &controllers[..])] {
            let body = json!({"account": self.id(account), "region": REGION, "instances": instances});
            let _ = self.emulator.control("POST", "/_reeve/instances", &body);
        }
        for (name, kind, value) in PARAMETERS {
            self.put_parameter("management", name, kind, value);
        }
        for (account, domains) in super::files::DOMAINS {
            self.allow(account, &domains.join(","));
        }
    }

    /// Makes many more accounts, in the root.
    ///
    /// # Panics
    /// When Organizations refuses.
    pub fn more_accounts(&self, count: usize) {
        let _ = self.emulator.control("POST", "/_reeve/switches", &json!({"org_create_s": 0}));
        for number in 0..count {
            // As long as they may be: the directory is to be long, not the making of it.
            let (name, email) = (format!("many-{number:045}"), format!("aws+{number:048}@example.com"));
            let request = json!({"AccountName": name, "Email": email});
            self.organizations("CreateAccount", &request);
        }
        let _ = self.emulator.control("POST", "/_reeve/settle", &Value::Null);
        let switches = json!({"org_create_s": self.options.create_seconds});
        let _ = self.emulator.control("POST", "/_reeve/switches", &switches);
    }

    /// Writes a parameter of an account.
    ///
    /// # Panics
    /// When Systems Manager refuses.
    pub fn put_parameter(&self, account: &str, name: &str, kind: &str, value: &str) {
        let request = json!({"Name": name, "Type": kind, "Value": value, "Overwrite": true});
        self.call(self.id(account), "ssm", "AmazonSSM.PutParameter", &request);
    }

    /// Writes the domains of an account into the parameter that the dns gate reads.
    pub fn allow(&self, account: &str, domains: &str) {
        self.put_parameter("dns", &format!("/reeve/dns/allowed/{}", self.id(account)), "StringList", domains);
    }
}

fn instance(id: &str, name: &str, address: &str, platform: &str) -> Value {
    json!({"InstanceId": id, "ComputerName": name, "IPAddress": address, "PlatformType": platform,
           "PingStatus": "Online"})
}

/// A policy of `policies/examples/scps`, without white space.
///
/// # Panics
/// When there is no such file.
#[must_use]
pub fn document(name: &str) -> String {
    let path = crate::root().join(format!("policies/examples/scps/{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str::<Value>(&text).expect("JSON").to_string()
}

fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {text}")).0.to_owned()
}
