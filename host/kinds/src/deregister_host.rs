//! `DEREGISTER_HOST`: Auto Scaling has terminated an instance; its address leaves the DNS of Active Directory again.
//!
//! What is removed is what this gate has added for the instance, as the ledger remembers it: an instance that is gone
//! tells nothing any more, and an event could name a host of somebody else. The rules for a command's text are those of
//! `REGISTER_HOST`, and hold again here.

use crate::register_host::{INSTANCE_AT, Operation, held};
use crate::{Ask, DetailRule, Draft, Instance, Kind, Need, RegisterHost, World};
use reeve_json::Value;
use reeve_model::{AccountId, Code, Nonce, PlannedAction, Refusal};

/// The kind `DEREGISTER_HOST`, as a gate configures it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeregisterHost {
    /// The settings of the kind whose work it undoes.
    pub register: RegisterHost,
}

impl Kind for DeregisterHost {
    fn name(&self) -> &'static str {
        "DEREGISTER_HOST"
    }

    fn detail_type(&self) -> &'static str {
        "EC2 Instance Terminate Successful"
    }

    fn default_pattern(&self) -> Value {
        self.register.pattern(self.detail_type())
    }

    fn detail_rule(&self) -> DetailRule {
        DetailRule::Aws
    }

    fn draft<'a>(&'a self, ask: &'a Ask<'a>) -> Result<Box<dyn Draft + 'a>, Vec<Refusal>> {
        let (instance_id, ()) = self.register.activity(ask, |_| ())?;
        let (config, sender, nonce) = (&self.register, &ask.event.account, &ask.nonce);
        Ok(Box::new(Termination { config, sender, nonce, instance_id }))
    }
}

struct Termination<'a> {
    config: &'a RegisterHost,
    sender: &'a AccountId,
    nonce: &'a Nonce,
    instance_id: &'a str,
}

impl Draft for Termination<'_> {
    fn needs(&self) -> Vec<Need> {
        vec![Need::RegisteredHost(self.instance_id.to_owned())]
    }

    fn actions(&self, world: &World) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let host = self.config.host(self.registered(world)?)?;
        let action = self.config.command(Operation::Remove, &host, self.nonce);
        Ok(vec![PlannedAction { at: INSTANCE_AT.to_owned(), action }])
    }

    fn released(&self, world: &World) -> Vec<(String, String, String)> {
        world.registered_hosts.get(self.instance_id).map(|host| held(self.instance_id, host)).unwrap_or_default()
    }
}

impl Termination<'_> {
    /// The host, if it was registered by this gate and for the sender. A stranger is not told which of both it is.
    fn registered<'w>(&self, world: &'w World) -> Result<&'w Instance, Vec<Refusal>> {
        let host = world.registered_hosts.get(self.instance_id);
        host.filter(|host| host.account == *self.sender).ok_or_else(|| {
            let message = format!("this gate has registered no instance `{}` for the sender", self.instance_id);
            vec![Refusal::new(Code::InstanceNotVerified, INSTANCE_AT, message)]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::testing::{NONCE, SENDER, event, expected, plan, refused};
    use reeve_json::compact;
    use reeve_model::{Action, action};
    use std::collections::BTreeMap;

    const ID: &str = "i-0123456789abcdef0";

    fn config() -> DeregisterHost {
        let document = Document { name: "AWS-RunPowerShellScript".to_owned(), version: "1".to_owned(), hash: None };
        let register = RegisterHost {
            zones: vec!["corp.example".to_owned()],
            document,
            controllers: vec!["i-0aaaaaaaaaaaaaaaa".to_owned(), "i-0bbbbbbbbbbbbbbbb".to_owned()],
            role_arn: "arn:aws:iam::210987654321:role/register-host".to_owned(),
            region: "ap-southeast-2".to_owned(),
            ttl_seconds: 3600,
            groups: vec!["my-asg-name".to_owned()],
        };
        DeregisterHost { register }
    }

    fn host() -> Instance {
        Instance {
            account: AccountId::parse(SENDER).expect("an id"),
            host: "web-1".to_owned(),
            zone: "corp.example".to_owned(),
            private_ip: "10.0.0.5".to_owned(),
        }
    }

    fn world(host: Instance) -> World {
        World { registered_hosts: BTreeMap::from([(ID.to_owned(), host)]), ..World::default() }
    }

    fn detail(status: &str) -> String {
        // As AWS sends it, with fields that are not read.
        let others = r#""Description":"Terminating EC2 instance: x","Origin":"AutoScalingGroup","Destination":"EC2""#;
        let group = r#""AutoScalingGroupName":"my-asg-name""#;
        format!(r#"{{"EC2InstanceId":"{ID}","StatusCode":"{status}",{group},{others}}}"#)
    }

    #[test]
    fn a_termination_becomes_one_command() {
        let command = "Remove-DnsServerResourceRecord -ZoneName 'corp.example' -RRType A -Name 'web-1' \
                       -RecordData '10.0.0.5' -Force";
        let wanted = action::SendCommand {
            instance_ids: vec!["i-0aaaaaaaaaaaaaaaa".to_owned()],
            document_name: "AWS-RunPowerShellScript".to_owned(),
            document_version: "1".to_owned(),
            document_hash: None,
            parameters: vec![
                ("commands".to_owned(), vec![command.to_owned()]),
                ("executionTimeout".to_owned(), vec!["120".to_owned()]),
            ],
            role_arn: "arn:aws:iam::210987654321:role/register-host".to_owned(),
            region: "ap-southeast-2".to_owned(),
            comment: format!("reeve {NONCE}"),
            timeout_seconds: 600,
        };
        let planned = |it| vec![PlannedAction { at: INSTANCE_AT.to_owned(), action: Action::SendCommand(it) }];
        assert_eq!(plan(&config(), &detail("InProgress"), &world(host())), Ok(planned(wanted.clone())));

        let hash = Some("ab".repeat(32));
        let mut own = config();
        own.register.document = Document { name: "host".to_owned(), version: "7".to_owned(), hash: hash.clone() };
        let parameter = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let wanted = action::SendCommand {
            document_name: "host".to_owned(),
            document_version: "7".to_owned(),
            document_hash: hash,
            parameters: vec![
                parameter("Operation", "Remove"),
                parameter("HostName", "web-1"),
                parameter("ZoneName", "corp.example"),
                parameter("IPv4Address", "10.0.0.5"),
                parameter("TtlSeconds", "3600"),
            ],
            ..wanted
        };
        assert_eq!(plan(&own, &detail("Successful"), &world(host())), Ok(planned(wanted)));
    }

    #[test]
    fn it_needs_and_gives_up_what_was_registered() {
        let (config, event) = (config(), event(&config(), &detail("InProgress")));
        let ask = Ask::read(&event, &config).expect("good");
        let draft = config.draft(&ask).expect("good");
        assert_eq!(draft.needs(), [Need::RegisteredHost(ID.to_owned())]);
        let held = r#"{"host":"web-1","private_ip":"10.0.0.5","zone":"corp.example"}"#;
        let text = str::to_owned;
        assert_eq!(
            draft.released(&world(host())),
            [(text("host"), text(ID), text(held)), (text("host-name"), text("web-1.corp.example"), text(ID))]
        );
        assert_eq!(draft.holdings(&world(host())), []);
        let pattern = concat!(
            r#"{"source":["aws.autoscaling"],"detail-type":["EC2 Instance Terminate Successful"],"#,
            r#""detail":{"AutoScalingGroupName":["my-asg-name"]}}"#,
        );
        assert_eq!(compact(&config.default_pattern()), pattern);
    }

    #[test]
    fn only_what_was_registered_for_the_sender_is_removed() {
        let other = Instance { account: AccountId::parse("111111111111").expect("an id"), ..host() };
        let running = World { instances: BTreeMap::from([(ID.to_owned(), host())]), ..World::default() };
        for world in [World::default(), running, world(other)] {
            let found = refused(&config(), &detail("InProgress"), &world);
            assert_eq!(found, expected(&[("INSTANCE_NOT_VERIFIED", INSTANCE_AT)]));
        }
    }

    #[test]
    fn what_the_ledger_holds_is_checked_again() {
        for (host, code) in [
            (Instance { host: "a'; calc; '".to_owned(), ..host() }, "HOSTNAME_FORMAT"),
            (Instance { host: "{{ssm:x}}".to_owned(), ..host() }, "SSM_TEMPLATE"),
            (Instance { zone: "other.example".to_owned(), ..host() }, "ZONE_NOT_IN_ENUM"),
            (Instance { private_ip: "8.8.8.8".to_owned(), ..host() }, "ADDR_FORMAT"),
        ] {
            let found = refused(&config(), &detail("InProgress"), &world(host));
            assert_eq!(found, expected(&[(code, INSTANCE_AT)]), "{code}");
        }
    }

    #[test]
    fn the_event_is_checked() {
        for (sent, pairs) in [
            (detail("Failed"), &[("BAD_ENUM", "/detail/StatusCode")][..]),
            (detail("Cancelled"), &[("BAD_ENUM", "/detail/StatusCode")]),
            (detail("InProgress").replace(ID, "i-1"), &[("INSTANCE_ID_FORMAT", "/detail/EC2InstanceId")]),
            (
                detail("InProgress").replace("my-asg", "other"),
                &[("TARGET_NOT_ALLOWED", "/detail/AutoScalingGroupName")],
            ),
            (r#"{"AutoScalingGroupName":"my-asg-name"}"#.to_owned(), &[("MISSING_FIELD", "/detail/EC2InstanceId")]),
        ] {
            assert_eq!(refused(&config(), &sent, &world(host())), expected(pairs), "{sent}");
        }
    }
}
