//! The list: its items' codes, and what is tried elsewhere or not yet.

/// Items of the list.
pub(crate) const ITEMS: std::ops::RangeInclusive<u8> = 1..=97;

/// The codes that the list proposes, by item.
pub(crate) const CODES: [&[&str]; 97] = [
    &["DUPLICATE_JSON_KEY"],
    &["DOTTED_KEY"],
    &["BAD_ACCOUNT_ID"],
    &["UNVERIFIED_INTAKE_PATH"],
    &["AWS_SOURCE_ON_UNVERIFIED_PATH"],
    &["RAW_EVENT_NOT_ENVELOPE"],
    &["SENDER_MISMATCH"],
    &["UNKNOWN_SENDER"],
    &["TIER_FORBIDS_ACTION"],
    &["REPLAY_REFUSED"],
    &["DUPLICATE_SUPPRESSED"],
    &["NONCE_REUSE"],
    &["BAD_NONCE"],
    &["STALE_EVENT", "FUTURE_EVENT", "BAD_TIME"],
    &["EVENT_TOO_LARGE"],
    &["JSON_TOO_DEEP"],
    &["NUMBER_RANGE"],
    &["BAD_STRING"],
    &["BAD_TYPE"],
    &["BAD_DETAIL"],
    &["UNKNOWN_ACTION"],
    &["UNKNOWN_FIELD"],
    &["REPLY_TARGET_NOT_ALLOWED"],
    &["WRONG_ROUTE"],
    &["TRAILING_DATA", "BAD_ENCODING"],
    // DNS names.
    &["NOT_IN_ALLOWLIST"],
    &["NOT_IN_ALLOWLIST"],
    &["DUPLICATE_RRSET"],
    &["DNS_ESCAPE"],
    &["DNS_ESCAPE"],
    &["DNS_BAD_ESCAPE"],
    &["DNS_EMPTY_LABEL"],
    &["DNS_LABEL_LENGTH", "DNS_NAME_LENGTH"],
    &["DNS_NON_ASCII"],
    &["DNS_NON_ASCII"],
    &["DNS_PUNYCODE"],
    &["DNS_BAD_BYTE"],
    &["DNS_WILDCARD_NOT_ALLOWED"],
    &["DNS_WILDCARD_POSITION"],
    &["DNS_WILDCARD_NS"],
    &["DNS_NOT_HOSTNAME"],
    &["DNS_TARGET_FORMAT"],
    // DNS semantics.
    &["NS_NOT_DELEGATION_SET"],
    &["SHADOWS_OTHER_OWNER"],
    &["APEX_NS_SOA"],
    &["APEX_CNAME"],
    &["CNAME_CONFLICT"],
    &["FIELD_NOT_CALLER_SETTABLE"],
    &["ZONE_AMBIGUOUS"],
    &["ALIAS_TARGET_NOT_OWNED", "ALIAS_FORM"],
    &["TARGET_NOT_IN_INVENTORY"],
    &["CERT_VALIDATION_NAME"],
    &["MAIL_AUTH_NAME"],
    &["CAA_WEAKENS"],
    &["TXT_FORMAT"],
    &["ADDR_FORBIDDEN", "ADDR_FORMAT"],
    &["TTL_RANGE"],
    &["BATCH_TOO_LARGE"],
    &["BATCH_CONFLICT"],
    &["NOT_IN_ALLOWLIST"],
    &["ROUTING_POLICY_NOT_ALLOWED"],
    &["RRSET_NOT_OWNED"],
    &["BAD_ENUM"],
    &["RECORD_PROTECTED"],
    // Systems Manager.
    &["HOSTNAME_FORMAT"],
    &["HOSTNAME_FORMAT"],
    &["HOSTNAME_FORMAT"],
    &["SSM_TEMPLATE"],
    &["ADDR_FORMAT"],
    &["ZONE_NOT_IN_ENUM"],
    &["INSTANCE_ID_FORMAT", "TARGET_NOT_ALLOWED"],
    &["DOCUMENT_NOT_PINNED"],
    &["PARAM_NAME"],
    &["PARAM_PATH"],
    &["ALLOWLIST_SYNTAX"],
    &["ALLOWLIST_UNAVAILABLE"],
    &["PARAM_VALUE"],
    &["INSTANCE_NOT_VERIFIED"],
    // Organizations.
    &["EMAIL_FORMAT"],
    &["EMAIL_NOT_ALLOWED"],
    &["ACCOUNT_NAME", "ROLE_NAME"],
    &["OU_ID", "OU_NOT_ALLOWED"],
    &["TAG"],
    &["ACTION_FORBIDDEN_ALWAYS"],
    &["ATTACH_QUOTA"],
    &["LAST_SCP"],
    &["FULLAWSACCESS_GUARD"],
    &["SCP_TOO_LARGE"],
    &["MGMT_TARGET"],
    &["MOVE_LOSES_DENY"],
    &["POLICY_TYPE"],
    &["POLICY_CHANGED_SINCE_READ"],
    &["RESUME_CAR_ID"],
    // Plugins.
    &["PLUGIN_FAULT"],
    &["PLUGIN_MUTATION"],
    &["PLUGIN_NOT_PINNED", "PLUGIN_IMPORT"],
    &["NO_POLICY"],
];

/// Items of which the list itself says that some inputs are taken: the repeated answer, UUIDs of any version, and a
/// lone name in another spelling.
pub(crate) const SOME_TAKEN: [u8; 3] = [11, 13, 28];

/// Items that no row tries, because another place does.
pub(crate) const ELSEWHERE: [(u8, &str); 2] = [
    (94, "`tests/hostile.rs` asks a guest that does each of these; here a policy without fuel stands for them"),
    (95, "by construction: a verdict holds reasons and nothing else, and the actions were planned before it was asked"),
];

/// Items, or parts of items, that wait for something that does not exist yet.
pub(crate) const NOT_YET: [(u8, &str); 7] = [
    (11, "across processes: the ledger of one run is tried; one that outlives it comes with the executor"),
    (12, "across processes: as 11"),
    (24, "bus and rule ARN: a delivery from a file does not say which rule delivered it"),
    (72, "hash and account of a stored document: read with the executor; here the gate file must pin both"),
    (76, "pages, age and failing reads of Parameter Store: facts are recorded, not fetched, so far"),
    (78, "a description of the instance that differs between two reads: facts are recorded, so far"),
    (93, "resuming a CreateAccount needs the executor that called it"),
];

/// Codes of the list that no code of ours and no reason of a plugin is.
pub(crate) const NOT_CODES: [(&str, &str); 4] = [
    ("RESUME_CAR_ID", "waits for the executor"),
    ("PLUGIN_MUTATION", "cannot happen: a verdict has no field for actions"),
    ("PLUGIN_NOT_PINNED", "not a reason of a decision: the gate is not built, and the failure begins with it"),
    ("PLUGIN_IMPORT", "the fault `ImportNotGranted` under PLUGIN_FAULT"),
];
