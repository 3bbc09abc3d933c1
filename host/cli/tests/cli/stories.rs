//! Changes of the example organization, and what a merge of each leads to.

/// One change of the files, and what must come of it.
pub(crate) struct Story {
    pub(crate) name: &'static str,
    /// File, text that is there, text instead of it. Instead of nothing the whole file is written; with nothing instead it
    /// is deleted.
    pub(crate) edits: &'static [(&'static str, &'static str, &'static str)],
    /// Ids of the planned requests, in order.
    pub(crate) requests: &'static [&'static str],
    /// Codes of all findings but remarks, each with the file and the beginning of its line.
    pub(crate) findings: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) exit: i32,
}

pub(crate) const ACCOUNTS: &str = "accounts.yaml";
const BAR: &str = "  bar:\n    id: \"444455556666\"";
const DEV: &str = "Dev: { id: ou-abcd-11111111, parent: Live, policies: [FullAWSAccess, restrict-regions] }";
const INFRA: &str = "Infra: { id: ou-abcd-14444444, parent: Live, policies: [FullAWSAccess] }";
const NEW_POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}]}"#;

pub(crate) const STORIES: &[Story] = &[
    Story {
        name: "a new account is made, and what depends on its id waits",
        edits: &[(
            ACCOUNTS,
            BAR,
            "  new:\n    email: aws+new@example.com\n    service: new\n    scope: dev\n    allowed_dns_domains: [new.example.com]\n\n  bar:\n    id: \"444455556666\"",
        )],
        requests: &[
            "create-account/new",
            "put-parameter/management/new/pub/accounts/new",
            "put-parameter/dns/new/reeve/dns/allowed",
        ],
        // Its domains are nobody's until it has an id.
        findings: &[("DOMAIN_UNGUARDED", ACCOUNTS, "allowed_dns_domains: [new.example.com]")],
        exit: 0,
    },
    Story {
        name: "an address outside the company is refused by the gate and by the file's own checks",
        edits: &[(
            ACCOUNTS,
            BAR,
            "  new:\n    email: aws+new@example.net\n    scope: dev\n\n  bar:\n    id: \"444455556666\"",
        )],
        requests: &["create-account/new", "put-parameter/management/new/pub/accounts/new"],
        findings: &[
            ("EMAIL_NOT_ALLOWED", ACCOUNTS, "new:"),
            ("EMAIL_NOT_ALLOWED", ACCOUNTS, "email: aws+new@example.net"),
        ],
        exit: 4,
    },
    Story {
        name: "an account whose id has become known is described",
        edits: &[
            (
                ACCOUNTS,
                BAR,
                "  new:\n    email: aws+new@example.com\n    scope: dev\n\n  bar:\n    id: \"444455556666\"",
            ),
            (
                "accounts.lock.yaml",
                "",
                "accounts:\n  \"new\": {id: \"123123123123\", email: \"aws+new@example.com\"}\n",
            ),
        ],
        requests: &["move-account/new", "tag-account/new", "put-parameter/management/pub/accounts/new"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a scope that is left takes a Deny with it, said at the line of the new scope's unit",
        edits: &[(
            ACCOUNTS,
            "service: foo         # Name of the service residing in this account\n    scope: dev",
            "service: foo\n    scope: standard",
        )],
        requests: &["move-account/foo", "tag-account/foo", "put-parameter/management/pub/accounts/foo"],
        findings: &[
            ("MOVE_LOSES_DENY", ACCOUNTS, "organization_unit: Standard"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Dev: {"),
            ("MAY_BE_LOCKED_OUT", "scps/protect-platform-roles.json", "{\n      \"Sid\""),
        ],
        exit: 4,
    },
    Story {
        name: "the morgue may lose what binds the living",
        edits: &[(ACCOUNTS, "    status: suspended ", "    organization_unit: Morgue\n    status: suspended ")],
        requests: &["move-account/baz", "put-parameter/management/pub/accounts/baz"],
        // One for each statement that bound it: one of deny-leave-organization, three of protect-security-services.
        findings: &[
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Live: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Live: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Live: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Live: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Dev: {"),
        ],
        exit: 0,
    },
    Story {
        name: "tags follow from keys",
        edits: &[(ACCOUNTS, "    service: bar\n", "    service: till\n")],
        requests: &["tag-account/bar", "put-parameter/management/pub/accounts/bar"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "domains are the dns account's parameters",
        edits: &[(ACCOUNTS, "      - bar.example.com\n", "      - bar.example.com\n      - shop.example.com\n")],
        requests: &["put-parameter/dns/reeve/dns/allowed/444455556666"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a domain changes hands: it is taken away before it is given",
        edits: &[
            (ACCOUNTS, "      - bar.example.com\n", "      - bar.example.com\n      - baz.example.com\n"),
            (ACCOUNTS, "    allowed_dns_domains:\n      - baz.example.com\n", ""),
        ],
        requests: &[
            "take-parameter/dns/reeve/dns/allowed/888899990000",
            "put-parameter/dns/reeve/dns/allowed/444455556666",
        ],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a domain of two accounts is an error of the file",
        edits: &[(ACCOUNTS, "      - bar.example.com\n", "      - foo.example.com\n")],
        requests: &[],
        findings: &[("BAD_FILE", ACCOUNTS, "- foo.example.com\n")],
        exit: 4,
    },
    Story {
        name: "a misspelt key is an error of the file",
        edits: &[(ACCOUNTS, "    service: bar\n", "    servce: bar\n")],
        requests: &[],
        findings: &[("BAD_FILE", ACCOUNTS, "servce: bar")],
        exit: 4,
    },
    Story {
        name: "a policy is attached",
        edits: &[(
            ACCOUNTS,
            INFRA,
            "Infra: { id: ou-abcd-14444444, parent: Live, policies: [FullAWSAccess, deny-root-user] }",
        )],
        requests: &["scp-update/deny-root-user"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a policy is detached, and what it denied is lost",
        edits: &[(ACCOUNTS, DEV, "Dev: { id: ou-abcd-11111111, parent: Live, policies: [FullAWSAccess] }")],
        requests: &["scp-update/restrict-regions"],
        findings: &[
            ("DIFF_REMOVES_DENY", ACCOUNTS, "Dev: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Dev: {"),
            ("POLICY_NOT_ATTACHED", "scps/restrict-regions.json", "{"),
        ],
        exit: 4,
    },
    Story {
        name: "a target loses its last policy",
        edits: &[(ACCOUNTS, INFRA, "Infra: { id: ou-abcd-14444444, parent: Live, policies: [] }")],
        requests: &[],
        findings: &[
            ("LAST_SCP", ACCOUNTS, "Infra: {"),
            // Two principals of the project file, and the role that the gate takes in the account `shared`.
            ("LOCKED_OUT", ACCOUNTS, "Infra: {"),
            ("LOCKED_OUT", ACCOUNTS, "Infra: {"),
            ("LOCKED_OUT", ACCOUNTS, "Infra: {"),
            ("PLAN_NO_ALLOW", ACCOUNTS, "Infra: {"),
        ],
        exit: 4,
    },
    Story {
        name: "a new policy that nobody has",
        edits: &[("scps/new-one.json", "", NEW_POLICY)],
        requests: &["scp-update/new-one"],
        findings: &[("POLICY_NOT_ATTACHED", "scps/new-one.json", "{")],
        exit: 0,
    },
    Story {
        name: "a new policy is attached in the same merge",
        edits: &[
            ("scps/new-one.json", "", NEW_POLICY),
            (
                ACCOUNTS,
                DEV,
                "Dev: { id: ou-abcd-11111111, parent: Live, policies: [FullAWSAccess, restrict-regions, new-one] }",
            ),
        ],
        requests: &["scp-update/new-one"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "the file of a policy that is attached to nothing goes",
        edits: &[("scps/require-imdsv2.json", "", "")],
        requests: &[],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a policy that turns a region deny round is refused, on the lines that were written",
        edits: &[("scps/restrict-regions.json", "StringNotEquals", "StringEquals")],
        requests: &["scp-update/restrict-regions"],
        findings: &[
            ("DIFF_REMOVES_DENY", "scps/restrict-regions.json", "{\n      \"Sid\""),
            ("REGION_DENY_INVERTED", "scps/restrict-regions.json", "\"aws:RequestedRegion\""),
        ],
        exit: 4,
    },
    Story {
        name: "a policy that locks everybody out",
        edits: &[(
            "scps/restrict-regions.json",
            "",
            "{\"Version\":\"2012-10-17\",\"Statement\":[\n{\"Sid\":\"A\",\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}]}",
        )],
        requests: &["scp-update/restrict-regions"],
        findings: &[
            ("DENY_ALL", "scps/restrict-regions.json", "{\"Sid\""),
            ("LOCKED_OUT", "scps/restrict-regions.json", "{\"Sid\""),
            ("LOCKED_OUT", "scps/restrict-regions.json", "{\"Sid\""),
            // The policy's own settings protect four roles.
            ("PROTECTED_ROLE_LOCKOUT", "scps/restrict-regions.json", "{\"Sid\""),
            ("PROTECTED_ROLE_LOCKOUT", "scps/restrict-regions.json", "{\"Sid\""),
            ("PROTECTED_ROLE_LOCKOUT", "scps/restrict-regions.json", "{\"Sid\""),
            ("PROTECTED_ROLE_LOCKOUT", "scps/restrict-regions.json", "{\"Sid\""),
        ],
        exit: 4,
    },
    Story {
        name: "an account gets another name, and its old description goes",
        edits: &[(ACCOUNTS, BAR, "  till:\n    id: \"444455556666\"")],
        requests: &["take-parameter/management/pub/accounts/bar", "put-parameter/management/pub/accounts/till"],
        findings: &[
            ("PLAN_ACCOUNT_RENAMED", ACCOUNTS, "till:"),
            ("MAY_BE_LOCKED_OUT", "scps/protect-platform-roles.json", "{\n      \"Sid\""),
        ],
        exit: 0,
    },
    Story {
        name: "two accounts exchange their ids",
        edits: &[
            (
                ACCOUNTS,
                "    id: \"111122223333\"   # Quoted, and written here once AWS has given it\n",
                "    id: \"444455556666\"\n",
            ),
            (ACCOUNTS, "  bar:\n    id: \"444455556666\"\n", "  bar:\n    id: \"111122223333\"\n"),
        ],
        requests: &[],
        findings: &[
            // What each name may do changes with the account.
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Dev: {"),
            ("ACTIONS_NOW_ALLOWED", ACCOUNTS, "Standard: {"),
            ("PLAN_ACCOUNT_OTHER", ACCOUNTS, "id: \"444455556666\""),
            ("PLAN_ID_CHANGED", ACCOUNTS, "id: \"444455556666\""),
            ("PLAN_ACCOUNT_OTHER", ACCOUNTS, "id: \"111122223333\""),
            ("PLAN_ID_CHANGED", ACCOUNTS, "id: \"111122223333\""),
        ],
        exit: 4,
    },
    Story {
        name: "an account is in no file any more",
        edits: &[(
            ACCOUNTS,
            "  audit:\n    id: \"666677778888\"\n    email: aws+audit@example.com\n    scope: audit\n",
            "",
        )],
        requests: &["take-parameter/management/pub/accounts/audit"],
        findings: &[("PLAN_ACCOUNT_GONE", "", "")],
        exit: 0,
    },
    Story {
        name: "a unit that was made by hand",
        edits: &[(
            ACCOUNTS,
            INFRA,
            "Infra: { id: ou-abcd-14444444, parent: Live, policies: [FullAWSAccess] }\n  Lab: { id: ou-abcd-1aaaaaaa, parent: Live, policies: [FullAWSAccess, deny-root-user] }",
        )],
        requests: &["scp-update/deny-root-user"],
        findings: &[],
        exit: 0,
    },
    Story {
        name: "a gate that names a policy that is not there does not start",
        edits: &[(
            "management/gate.yaml",
            "policies: [sender-trust, scp-validation]",
            "policies: [sender-trust, scp-validatoin]",
        )],
        requests: &[],
        findings: &[
            ("JUDGE_CHANGED", "management/gate.yaml", "policies:"),
            ("GATE_NOT_STARTED", "reeve.yaml", "management:"),
        ],
        exit: 4,
    },
    Story {
        name: "a gate without one of its judges is told, though nothing is wrong with it",
        edits: &[("management/gate.yaml", "policies: [sender-trust, scp-validation]", "policies: [sender-trust]")],
        requests: &[],
        findings: &[("JUDGE_CHANGED", "management/gate.yaml", "policies:")],
        exit: 0,
    },
    Story {
        name: "checks that the project file no longer asks for",
        edits: &[("reeve.yaml", "  morgue: Morgue\n", "")],
        requests: &[],
        findings: &[("JUDGE_CHANGED", "reeve.yaml", "check:")],
        exit: 0,
    },
    Story {
        name: "without a pipeline no request can be judged",
        edits: &[
            (
                "reeve.yaml",
                "pipeline:\n  account: \"777788889999\"\n  region: ap-southeast-2\n  replies: https://sqs.ap-southeast-2.amazonaws.com/777788889999/reeve-replies\n",
                "",
            ),
            (ACCOUNTS, "    service: bar\n", "    service: till\n"),
        ],
        requests: &["tag-account/bar", "put-parameter/management/pub/accounts/bar"],
        findings: &[("JUDGE_CHANGED", "reeve.yaml", ""), ("NO_PIPELINE", "", "")],
        exit: 4,
    },
    Story {
        name: "a policy that is changed must still pass its cases",
        edits: &[("policies/sender-trust/policy.yaml", "CREATE_ACCOUNT: cicd", "CREATE_ACCOUNT: dev")],
        requests: &[],
        findings: &[
            ("JUDGE_CHANGED", "policies/sender-trust/policy.yaml", "settings:"),
            ("CASE_FAILED", "policies/sender-trust/cases/dev-creates-no-accounts.yaml", ""),
            ("CASE_FAILED", "policies/sender-trust/cases/one-tier-too-low.yaml", ""),
            ("CASE_FAILED", "policies/sender-trust/cases/unverified-and-too-low.yaml", ""),
        ],
        exit: 4,
    },
];
