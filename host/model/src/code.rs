//! Codes of the refusals that the host itself makes. Policies have codes of their own, listed by `describe`.

macro_rules! codes {
    ($($name:ident $text:literal $meaning:literal)*) => {
        /// Why the host refused. The text form is stable: receipts, replies and policies' cases use it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable text, upper case.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, for people.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    BadJson "BAD_JSON" "The body is not JSON."
    BadEncoding "BAD_ENCODING" "The body is not plain UTF-8."
    TrailingData "TRAILING_DATA" "Something follows the JSON document."
    DuplicateJsonKey "DUPLICATE_JSON_KEY" "One object has a key twice: filter and gate could read different values."
    DottedKey "DOTTED_KEY" "A key of `detail` holds a dot: an EventBridge rule reads it as a path."
    JsonTooDeep "JSON_TOO_DEEP" "The body is nested too deeply."
    NumberRange "NUMBER_RANGE" "A number is outside the 64-bit ranges."
    BadString "BAD_STRING" "A string holds a control, bidirectional or unpaired character."
    EventTooLarge "EVENT_TOO_LARGE" "The body is larger than EventBridge delivers."
    BadEnvelope "BAD_ENVELOPE" "The envelope is not an object, or one of its fields is missing or malformed."
    BadAccountId "BAD_ACCOUNT_ID" "An account id is not a string of twelve ASCII digits."
    BadTime "BAD_TIME" "A time is not RFC 3339."
    StaleEvent "STALE_EVENT" "The event is older than EventBridge's retry window."
    FutureEvent "FUTURE_EVENT" "The event is from the future."
    BadDetail "BAD_DETAIL" "`detail` is not an object."
    ReplayRefused "REPLAY_REFUSED" "The event comes from an archive replay, which would repeat its effects."
    RawEventNotEnvelope "RAW_EVENT_NOT_ENVELOPE" "The payload was put raw: EventBridge did not build the envelope."
    AwsSourceOnUnverifiedPath "AWS_SOURCE_ON_UNVERIFIED_PATH" "The event claims to be from AWS, on a path anybody can use."
    UnknownAction "UNKNOWN_ACTION" "The gate has no kind for this detail-type."
    WrongRoute "WRONG_ROUTE" "The detail-type is known, but the event does not match the kind's pattern."
    AmbiguousRoute "AMBIGUOUS_ROUTE" "The event matches the patterns of more than one kind."
    ActionForbiddenAlways "ACTION_FORBIDDEN_ALWAYS" "Reeve never does this, whatever a policy says."
    BadNonce "BAD_NONCE" "The nonce is missing or not UUID-shaped."
    NonceReuse "NONCE_REUSE" "The nonce was used before with another body."
    DuplicateSuppressed "DUPLICATE_SUPPRESSED" "The same request was seen before; its answer is repeated, its effect is not."
    SenderMismatch "SENDER_MISMATCH" "`detail` names another sender than the envelope."
    BadType "BAD_TYPE" "A field has the wrong JSON type."
    BadEnum "BAD_ENUM" "A field is not one of the values it may have."
    BadValue "BAD_VALUE" "A field's value is malformed or outside its range."
    MissingField "MISSING_FIELD" "A field is missing."
    UnknownField "UNKNOWN_FIELD" "A field is not part of the kind's schema."
    FieldNotCallerSettable "FIELD_NOT_CALLER_SETTABLE" "A field is the gate's to choose, never the event's."
    ReplyTargetNotAllowed "REPLY_TARGET_NOT_ALLOWED" "The event names where to reply; the gate file does that."
    SchemaMismatch "SCHEMA_MISMATCH" "`detail` does not satisfy the kind's JSON Schema."
    FactUnavailable "FACT_UNAVAILABLE" "A fact that the plan needs could not be read."
    DnsEscape "DNS_ESCAPE" "The name holds an escape: readers disagree on octal and decimal."
    DnsBadEscape "DNS_BAD_ESCAPE" "The name holds a malformed escape."
    DnsEmptyLabel "DNS_EMPTY_LABEL" "The name is empty or has an empty label."
    DnsLabelLength "DNS_LABEL_LENGTH" "A label is longer than 63 bytes."
    DnsNameLength "DNS_NAME_LENGTH" "The name is longer than 253 bytes."
    DnsNonAscii "DNS_NON_ASCII" "The name is not ASCII; write internationalised names as `xn--`."
    DnsPunycode "DNS_PUNYCODE" "An `xn--` label is not the one true form of a single-script name."
    DnsBadByte "DNS_BAD_BYTE" "The name holds a byte other than letters, digits, `-` and `_`."
    DnsWildcardPosition "DNS_WILDCARD_POSITION" "`*` stands elsewhere than as the whole first label."
    DnsWildcardNotAllowed "DNS_WILDCARD_NOT_ALLOWED" "A wildcard alone covers every name there is."
    DnsWildcardNs "DNS_WILDCARD_NS" "A wildcard cannot hold NS."
    DnsNotHostname "DNS_NOT_HOSTNAME" "The name is legal in DNS, but no host can have it."
    DnsTargetFormat "DNS_TARGET_FORMAT" "A target is an address or not a full name."
    DuplicateRrset "DUPLICATE_RRSET" "Two spellings of one name and type are in the batch."
    NsNotDelegationSet "NS_NOT_DELEGATION_SET" "The name servers are not the delegation set of a zone the gate knows."
    ApexNsSoa "APEX_NS_SOA" "NS and SOA of a zone's apex are not changed by request."
    ApexCname "APEX_CNAME" "A zone's apex cannot be a CNAME."
    CnameConflict "CNAME_CONFLICT" "A CNAME cannot stand beside other records of its name."
    ZoneUnknown "ZONE_UNKNOWN" "No zone of the gate holds the name."
    ZoneAmbiguous "ZONE_AMBIGUOUS" "More than one zone of the gate holds the name."
    AliasTargetNotOwned "ALIAS_TARGET_NOT_OWNED" "The alias target is neither in the zone nor in the inventory."
    AliasForm "ALIAS_FORM" "An alias has no TTL and no values, and is not NS or SOA."
    TargetNotInInventory "TARGET_NOT_IN_INVENTORY" "The target can be taken over by others and is not in the inventory."
    CertValidationName "CERT_VALIDATION_NAME" "Not the shape of an ACM validation record."
    CaaWeakens "CAA_WEAKENS" "The CAA set admits an issuer that the parent's does not."
    CaaFormat "CAA_FORMAT" "Not a CAA value."
    TxtFormat "TXT_FORMAT" "Not a TXT value: one or more quoted strings of up to 255 characters."
    AddrForbidden "ADDR_FORBIDDEN" "The address must not be published in this zone."
    AddrFormat "ADDR_FORMAT" "Not an address of the record's family in its usual form."
    RecordFormat "RECORD_FORMAT" "The value is not of the record type's form."
    TtlRange "TTL_RANGE" "The TTL is outside the gate's range."
    BatchTooLarge "BATCH_TOO_LARGE" "More changes than Route 53 takes in one batch."
    BatchConflict "BATCH_CONFLICT" "Changes in the batch contradict each other."
    RoutingPolicyNotAllowed "ROUTING_POLICY_NOT_ALLOWED" "Routing policies could draw traffic away from another owner's record."
    RrsetNotOwned "RRSET_NOT_OWNED" "The record set was made by another account."
    RrsetExists "RRSET_EXISTS" "CREATE, and the record set exists."
    RrsetMissing "RRSET_MISSING" "DELETE, and there is no such record set with exactly these values."
    RecordProtected "RECORD_PROTECTED" "The record set is protected in Route 53."
    HostnameFormat "HOSTNAME_FORMAT" "Not a single lower-case host label."
    SsmTemplate "SSM_TEMPLATE" "`{{` would be expanded by Systems Manager."
    ZoneNotInEnum "ZONE_NOT_IN_ENUM" "The zone is not one the gate file lists."
    InstanceIdFormat "INSTANCE_ID_FORMAT" "Not an EC2 instance id."
    TargetNotAllowed "TARGET_NOT_ALLOWED" "The target is not one the gate file lists."
    DocumentNotPinned "DOCUMENT_NOT_PINNED" "The document is not pinned to a version and hash."
    InstanceNotVerified "INSTANCE_NOT_VERIFIED" "The instance is not known to be the sender's, or differs from the event."
    ParamName "PARAM_NAME" "Not a parameter name that the service stores unchanged."
    ParamPath "PARAM_PATH" "The parameter is outside the gate's path."
    ParamValue "PARAM_VALUE" "The value is empty, too long, or holds `{{`."
    AllowlistSyntax "ALLOWLIST_SYNTAX" "An entry of an allowlist is malformed, so the whole list is void."
    EmailFormat "EMAIL_FORMAT" "Not an e-mail address that Organizations takes."
    EmailNotAllowed "EMAIL_NOT_ALLOWED" "The address is outside the company's domains or used already."
    AccountName "ACCOUNT_NAME" "Not an account name that Organizations takes."
    RoleName "ROLE_NAME" "Not a role name that may be created."
    OuId "OU_ID" "Not the id of an organizational unit."
    OuNotAllowed "OU_NOT_ALLOWED" "The organizational unit is not one the gate file lists."
    AccountNotFound "ACCOUNT_NOT_FOUND" "The organization has no such account."
    Tag "TAG" "A tag is reserved, repeated, too long, or one too many."
    AttachQuota "ATTACH_QUOTA" "The target would have more policies than Organizations allows."
    LastScp "LAST_SCP" "The target would have no policy left."
    FullAwsAccessGuard "FULLAWSACCESS_GUARD" "FullAWSAccess is not edited, nor detached without an equal allow; no call may take a target's last allow."
    ScpTooLarge "SCP_TOO_LARGE" "The document is longer than the quota, as sent."
    MgmtTarget "MGMT_TARGET" "Policies have no effect on the management account."
    MoveLosesDeny "MOVE_LOSES_DENY" "The move would drop a Deny, or a list of what alone is allowed, that binds the account now."
    PolicyType "POLICY_TYPE" "Not a service control policy."
    PolicyName "POLICY_NAME" "Not a policy name or description that Organizations takes."
    PolicyUnknown "POLICY_UNKNOWN" "No such policy, neither in the organization nor in the request."
    PolicyChangedSinceRead "POLICY_CHANGED_SINCE_READ" "The policy is no longer what the sender read."
    TargetUnknown "TARGET_UNKNOWN" "The organization has no such root, unit or account."
    MoreRefusals "MORE_REFUSALS" "More is wrong with the event than is told."
    BrakeRequest "BRAKE_REQUEST" "The request makes more changes than the gate makes at once."
    BrakeHour "BRAKE_HOUR" "The gate has made its changes of this hour."
    BrakeAccountHour "BRAKE_ACCOUNT_HOUR" "The sender has made its changes of this hour."
    BrakeZoneHour "BRAKE_ZONE_HOUR" "The zone has had its changes of this hour."
    BrakeZoneShare "BRAKE_ZONE_SHARE" "The request touches too large a share of the zone."
    BrakeApex "BRAKE_APEX" "The gate does not touch a zone's own name."
    BrakeMx "BRAKE_MX" "The gate does not touch mail exchangers."
    BrakeCaa "BRAKE_CAA" "The gate does not touch who may issue certificates."
    AlreadySo "ALREADY_SO" "Nothing to change: all is as asked."
    NoPolicy "NO_POLICY" "No enforcing policy judges this kind."
    NoAllow "NO_ALLOW" "No enforcing policy allowed the request."
    PluginFault "PLUGIN_FAULT" "A policy gave no verdict."
    PolicyError "POLICY_ERROR" "A policy said that it cannot judge."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_upper_case() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{}", code.as_str());
            assert!(
                code.as_str().bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            );
            assert!(code.meaning().ends_with('.'));
        }
    }
}
