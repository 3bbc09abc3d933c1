//! The examples of the Organizations user guide decide as the guide says they do.

use super::folder;
use super::policies::below;
use reeve_scp::Truth::{False, True, Unknown};
use reeve_scp::{Call, Document, Key};

const OTHER: &str = "arn:aws:iam::123456789012:role/other";
const IAM_ADMIN: &str = "arn:aws:iam::123456789012:role/org-admins/iam-admin";
const BYPASS: &str = "arn:aws:iam::123456789012:role/Role1AllowedToBypassThisSCP";
const ROOT: &str = "arn:aws:iam::123456789012:root";
const INSTANCE: &str = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1";
const VOLUME: &str = "arn:aws:ec2:eu-west-1:123456789012:volume/v-1";
const DENIED_ROLE: &str = "arn:aws:iam::123456789012:role/role-to-deny";

fn call(action: &str) -> Call {
    Call::new(action)
}

fn keyed(action: &str, keys: &[(&str, &str)]) -> Call {
    keys.iter().fold(call(action), |call, (name, value)| {
        let key = if value.is_empty() { Key::Absent } else { Key::value(*value) };
        call.with(name, key)
    })
}

fn shared(with: &[&str]) -> Call {
    let values = with.iter().map(|it| (*it).to_owned()).collect();
    call("ram:CreateResourceShare").with("ram:Principal", Key::Values(values))
}

#[test]
fn the_examples_of_the_guide_do_what_it_says() {
    let Some(folder) = folder("scp/awsdocs-organizations") else { return };
    let region = |action, region| keyed(action, &[("aws:RequestedRegion", region)]);
    let tagged = |principal: &str, resource: &str| {
        keyed(
            "ec2:CreateTags",
            &[
                ("aws:PrincipalTag/access-project", principal),
                ("ec2:ResourceTag/access-project", resource),
                ("aws:TagKeys", "name"),
                ("aws:RequestTag/access-project", ""),
            ],
        )
    };
    let as_admin = |call: Call| call.with("aws:PrincipalArn", Key::value(IAM_ADMIN));
    let as_other = |call: Call| call.with("aws:PrincipalArn", Key::value(OTHER));
    for (name, beside_full_access, call, expected) in [
        // "Deny list": everything but DynamoDB, in one document or beside FullAWSAccess; alone it denies everything.
        ("strategies.2", false, call("s3:GetObject"), True),
        ("strategies.2", false, call("dynamodb:GetItem"), False),
        ("strategies.3", true, call("s3:GetObject"), True),
        ("strategies.3", true, call("dynamodb:GetItem"), False),
        ("strategies.3", false, call("s3:GetObject"), False),
        // "Allow list": nothing but EC2 and CloudWatch; beside FullAWSAccess it restricts nothing.
        ("strategies.4", false, call("ec2:RunInstances"), True),
        ("strategies.4", false, call("cloudwatch:PutMetricData"), True),
        ("strategies.4", false, call("s3:GetObject"), False),
        ("strategies.4", true, call("s3:GetObject"), True),
        ("syntax.1", false, call("s3:GetObject"), True),
        ("syntax.2", false, call("s3:GetObject"), True),
        ("syntax.2", false, call("ec2:RunInstances"), False),
        // Only micro instances; what else RunInstances makes is free.
        ("syntax.3", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "t2.micro")]).on(INSTANCE), True),
        ("syntax.3", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "m5.large")]).on(INSTANCE), False),
        ("syntax.3", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "")]).on(INSTANCE), False),
        ("syntax.3", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "m5.large")]).on(VOLUME), True),
        ("syntax.3", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "m5.large")]), Unknown),
        ("syntax.3", true, call("ec2:RunInstances").on(INSTANCE), Unknown),
        ("examples_ec2.1", true, keyed("ec2:RunInstances", &[("ec2:InstanceType", "m5.large")]).on(INSTANCE), False),
        // One role may not be changed.
        ("syntax.7", true, call("iam:AttachRolePolicy").on(DENIED_ROLE), False),
        ("syntax.7", true, call("iam:AttachRolePolicy").on(OTHER), True),
        ("syntax.7", true, call("iam:GetRole").on(DENIED_ROLE), True),
        ("syntax.7", true, call("iam:DeleteRole"), Unknown),
        // Regions, but for global services.
        ("syntax.8", true, region("ec2:RunInstances", "eu-west-1"), True),
        ("syntax.8", true, region("ec2:RunInstances", "us-east-1"), False),
        ("syntax.8", true, region("iam:CreateRole", "us-east-1"), True),
        ("syntax.8", true, call("ec2:RunInstances"), Unknown),
        ("examples_general.1", true, as_other(region("ec2:RunInstances", "us-east-1")), False),
        ("examples_general.1", true, as_other(region("ec2:DescribeRegions", "us-east-1")), True),
        ("examples_general.1", true, as_other(region("ec2:RunInstances", "eu-central-1")), True),
        (
            "examples_general.1",
            true,
            region("ec2:RunInstances", "us-east-1").with("aws:PrincipalArn", Key::value(BYPASS)),
            True,
        ),
        ("examples_general.1", true, region("ec2:RunInstances", "us-east-1"), Unknown),
        ("examples_general.1", true, region("ec2:RunInstances", "eu-west-1"), True),
        // Without MFA, or without knowing of any.
        ("examples_general.4", true, keyed("ec2:StopInstances", &[("aws:MultiFactorAuthPresent", "true")]), True),
        ("examples_general.4", true, keyed("ec2:StopInstances", &[("aws:MultiFactorAuthPresent", "false")]), False),
        ("examples_general.4", true, keyed("ec2:StopInstances", &[("aws:MultiFactorAuthPresent", "")]), False),
        ("examples_general.4", true, call("ec2:StopInstances"), Unknown),
        ("examples_general.4", true, call("ec2:StartInstances"), True),
        ("examples_general.6", true, call("organizations:LeaveOrganization"), False),
        ("examples_general.6", true, call("organizations:DescribeOrganization"), True),
        ("examples_vpc.2", true, call("globalaccelerator:UpdateListener"), False),
        ("examples_vpc.2", true, call("globalaccelerator:DescribeListener"), True),
        ("examples_config.1", true, call("config:StopConfigurationRecorder"), False),
        ("examples_config.1", true, call("config:StartConfigurationRecorder"), True),
        // Only two accounts may share prefix lists.
        (
            "examples_ram.2",
            true,
            keyed(
                "ram:CreateResourceShare",
                &[("aws:PrincipalAccount", "111111111111"), ("ram:RequestedResourceType", "ec2:PrefixList")],
            ),
            True,
        ),
        (
            "examples_ram.2",
            true,
            keyed(
                "ram:CreateResourceShare",
                &[("aws:PrincipalAccount", "333333333333"), ("ram:RequestedResourceType", "ec2:PrefixList")],
            ),
            False,
        ),
        (
            "examples_ram.2",
            true,
            keyed("ram:CreateResourceShare", &[("ram:RequestedResourceType", "ec2:Subnet")]),
            True,
        ),
        // Sharing with the organization, one unit and one account; anybody else among them is too much.
        ("examples_ram.4", true, shared(&["111111111111"]), True),
        ("examples_ram.4", true, shared(&["111111111111", "333333333333"]), False),
        ("examples_ram.4", true, shared(&[]), True),
        // Both tags are needed.
        (
            "examples_tagging.1",
            true,
            keyed(
                "secretsmanager:CreateSecret",
                &[("aws:RequestTag/Project", "a"), ("aws:RequestTag/CostCenter", "b")],
            ),
            True,
        ),
        (
            "examples_tagging.1",
            true,
            keyed("secretsmanager:CreateSecret", &[("aws:RequestTag/Project", "a"), ("aws:RequestTag/CostCenter", "")]),
            False,
        ),
        ("examples_tagging.1", true, keyed("secretsmanager:CreateSecret", &[("aws:RequestTag/Project", "a")]), Unknown),
        ("examples_tagging.1", true, keyed("ec2:RunInstances", &[("aws:RequestTag/Project", "")]).on(VOLUME), False),
        // The tag of the principal must be that of the resource, but for the administrator.
        ("examples_tagging.2", true, as_other(tagged("blue", "blue")), True),
        ("examples_tagging.2", true, as_other(tagged("blue", "red")), False),
        ("examples_tagging.2", true, as_other(tagged("", "")), False),
        ("examples_tagging.2", true, as_other(tagged("blue", "")), True),
        ("examples_tagging.2", true, as_admin(tagged("blue", "red")), True),
        // The troubleshooting page's merged document.
        ("org_troubleshoot_policies.4", false, call("ec2:DescribeInstances"), True),
        ("org_troubleshoot_policies.4", false, call("ec2:RunInstances"), False),
        // Nothing for the root user.
        ("best-practices_member-acct.1", true, call("s3:GetObject").by(ROOT, "123456789012"), False),
        ("best-practices_member-acct.1", true, call("s3:GetObject").by(OTHER, "123456789012"), True),
        ("best-practices_member-acct.1", true, call("s3:GetObject"), Unknown),
    ] {
        let file = [format!("{name}.json"), format!("orgs_manage_policies_scps_{name}.json")];
        let text = file.iter().find_map(|file| std::fs::read_to_string(folder.join(file)).ok()).expect(name);
        let organization = below(vec![Document::parse(&text).expect(name)], beside_full_access);
        assert_eq!(organization.decide("1", &call).expect("an account").allowed, expected, "{name} {call:?}");
    }
}
