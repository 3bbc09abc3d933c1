//! Clients of the gate's own account and of roles in other accounts: where every call to AWS begins.
//!
//! One HTTP client and its connections serve all of them. Credentials are held by the SDK and by nothing else.

use crate::bucket::{Buckets, Service};
use crate::whole::Whole;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use reeve_model::Region;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The longest one try of a call may take, seconds: AWS answers any of ours in far less, and a connection that hangs
/// is given up while there is time for others.
pub const ATTEMPT_SECONDS_MAX: u64 = 10;
/// The longest a call may take with all its tries, seconds. Below [`reeve_engine::CALL_SECONDS_MAX`], so that a call
/// has ended before the lease under which it was made.
pub const OPERATION_SECONDS_MAX: u64 = 40;
/// The longest one try of a call to SQS may take, seconds: a long poll lasts 20.
pub const POLL_SECONDS_MAX: u64 = 30;
/// The longest a connection may take to be made, seconds.
const CONNECT_SECONDS_MAX: u64 = 3;
/// Tries of one call, the first among them.
const ATTEMPTS_MAX: u32 = 4;
/// Roles remembered with their sessions: more than an organization of a thousand accounts has use for at once.
const ROLES_MAX: usize = 2_000;
/// Longest name of a session, characters (STS, AssumeRole).
const SESSION_NAME_CHARS_MAX: usize = 64;

/// Clients for one set of credentials. Cheap to clone.
#[derive(Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

struct Inner {
    handle: tokio::runtime::Handle,
    config: SdkConfig,
    /// `reeve-<gate>`.
    session: String,
    /// Shared with the roles in the same account: the limits are the account's.
    buckets: Arc<Buckets>,
    root: Arc<Root>,
    clients: Clients,
    once: OnceLock<Aws>,
}

/// What the gate and all its roles have in common.
#[derive(Default)]
struct Root {
    roles: Mutex<HashMap<Role, Aws>>,
    buckets: Mutex<HashMap<String, Arc<Buckets>>>,
}

/// A role as used by a session, in a Region, with or without tries by the SDK.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Role {
    arn: String,
    region: String,
    session: String,
    tries: u32,
}

/// Clients of the SDK are built on first use: most sets of credentials use one or two services.
#[derive(Default)]
struct Clients {
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    eventbridge: OnceLock<aws_sdk_eventbridge::Client>,
    lambda: OnceLock<aws_sdk_lambda::Client>,
    organizations: OnceLock<aws_sdk_organizations::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
    ssm: OnceLock<aws_sdk_ssm::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

impl std::fmt::Debug for Aws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aws").field("region", &self.region()).finish_non_exhaustive()
    }
}

impl Aws {
    /// The gate's own credentials, found as every AWS tool finds them: environment, profile, web identity, container,
    /// instance. They are looked up at the first call, not here.
    ///
    /// Blocks on `handle`, and so must not be called from its tasks.
    #[must_use]
    pub fn connect(handle: tokio::runtime::Handle, region: &Region) -> Self {
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.as_str().to_owned()))
            .http_client(http)
            .timeout_config(timeouts(ATTEMPT_SECONDS_MAX))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX));
        if let Ok(name) = AppName::new("reeve") {
            loader = loader.app_name(name);
        }
        let config = handle.block_on(loader.load());
        Self::with_config(handle, config)
    }

    /// Clients of a configuration made elsewhere: tests, and endpoints that stand for AWS.
    #[must_use]
    pub fn with_config(handle: tokio::runtime::Handle, config: SdkConfig) -> Self {
        Self::of(handle, config, "reeve".to_owned(), Arc::default(), Arc::default())
    }

    fn of(
        handle: tokio::runtime::Handle,
        config: SdkConfig,
        session: String,
        buckets: Arc<Buckets>,
        root: Arc<Root>,
    ) -> Self {
        let (clients, once) = (Clients::default(), OnceLock::new());
        Self { inner: Arc::new(Inner { handle, config, session, buckets, root, clients, once }) }
    }

    /// The same, whose sessions in other accounts are named after the gate: `reeve-<gate>`, as CloudTrail shows it.
    /// Characters that a session's name cannot have become `-`.
    #[must_use]
    pub fn named(&self, gate: &str) -> Self {
        let plain = |char: char| if char.is_ascii_alphanumeric() || "_+=,.@-".contains(char) { char } else { '-' };
        let session: String = format!("reeve-{gate}").chars().map(plain).take(SESSION_NAME_CHARS_MAX).collect();
        let inner = &self.inner;
        let (buckets, root) = (Arc::clone(&inner.buckets), Arc::clone(&inner.root));
        Self::of(inner.handle.clone(), inner.config.clone(), session, buckets, root)
    }

    /// The same, whose calls the SDK makes once and never again: for what must be looked for before it is repeated.
    #[must_use]
    pub fn once(&self) -> Self {
        let inner = &self.inner;
        let make = || {
            let config = inner.config.to_builder().retry_config(RetryConfig::disabled()).build();
            let (buckets, root) = (Arc::clone(&inner.buckets), Arc::clone(&inner.root));
            Self::of(inner.handle.clone(), config, inner.session.clone(), buckets, root)
        };
        inner.once.get_or_init(make).clone()
    }

    /// The clients of a role, in `region` or in the gate's. The role is assumed at the first call, with the credentials
    /// of `self`, and again before its session ends. The ARN may be of any partition; the session can only be had where
    /// the gate's own credentials are of the same.
    #[must_use]
    pub fn in_role(&self, role_arn: &str, region: Option<&Region>) -> Self {
        let inner = &self.inner;
        let region = region.map_or_else(|| self.region().to_owned(), |region| region.as_str().to_owned());
        let tries = inner.config.retry_config().map_or(ATTEMPTS_MAX, RetryConfig::max_attempts);
        let role = Role { arn: role_arn.to_owned(), region, session: inner.session.clone(), tries };
        let mut roles = inner.root.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let make = |role: &Role| {
            let assumed = Assumed { role: role.clone(), own: inner.config.clone(), provider: OnceCell::new() };
            let config = inner
                .config
                .to_builder()
                .region(aws_config::Region::new(role.region.clone()))
                .credentials_provider(SharedCredentialsProvider::new(assumed))
                .identity_cache(aws_config::identity::IdentityCache::lazy().build())
                .build();
            let account = role.arn.split(':').nth(4).unwrap_or_default().to_owned();
            let mut buckets = inner.root.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            let buckets = Arc::clone(buckets.entry(account).or_default());
            // A root of its own: a role that assumes a role does so with its own credentials.
            Self::of(inner.handle.clone(), config, role.session.clone(), buckets, Arc::default())
        };
        // Roles are of senders' accounts, and senders can be made up: what is forgotten is assumed again.
        if roles.len() >= ROLES_MAX && !roles.contains_key(&role) {
            roles.clear();
            inner.root.buckets.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        roles.entry(role).or_insert_with_key(make).clone()
    }

    /// Waits for a future on the runtime. Must not be called from one of the runtime's own tasks: it panics there.
    pub fn run<F: Future>(&self, future: F) -> F::Output {
        self.inner.handle.block_on(future)
    }

    /// The runtime.
    #[must_use]
    pub fn handle(&self) -> &tokio::runtime::Handle {
        &self.inner.handle
    }

    /// The Region of the calls that are of one.
    #[must_use]
    pub fn region(&self) -> &str {
        self.inner.config.region().map_or("", |region| region.as_ref())
    }

    /// Waits until one more call of this operation keeps the account below its limit. The wait is not part of the
    /// call's own time: hold the lease after it.
    pub async fn spend(&self, service: Service, operation: &'static str) {
        self.inner.buckets.spend(service, operation).await;
    }

    /// DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = || aws_sdk_dynamodb::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.dynamodb.get_or_init(|| aws_sdk_dynamodb::Client::from_conf(config())).clone()
    }

    /// EventBridge.
    #[must_use]
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        let config = || aws_sdk_eventbridge::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.eventbridge.get_or_init(|| aws_sdk_eventbridge::Client::from_conf(config())).clone()
    }

    /// Lambda.
    #[must_use]
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        let config = || aws_sdk_lambda::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.lambda.get_or_init(|| aws_sdk_lambda::Client::from_conf(config())).clone()
    }

    /// Organizations, at the partition's one endpoint.
    #[must_use]
    pub fn organizations(&self) -> aws_sdk_organizations::Client {
        let config = || aws_sdk_organizations::config::Builder::from(&self.global()).interceptor(Whole).build();
        self.inner.clients.organizations.get_or_init(|| aws_sdk_organizations::Client::from_conf(config())).clone()
    }

    /// Route 53, at the partition's one endpoint.
    #[must_use]
    pub fn route53(&self) -> aws_sdk_route53::Client {
        let config = || aws_sdk_route53::config::Builder::from(&self.global()).interceptor(Whole).build();
        self.inner.clients.route53.get_or_init(|| aws_sdk_route53::Client::from_conf(config())).clone()
    }

    /// S3.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = || aws_sdk_s3::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.s3.get_or_init(|| aws_sdk_s3::Client::from_conf(config())).clone()
    }

    /// SQS, whose calls may last as long as a long poll.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let make = || {
            let config = self.inner.config.to_builder().timeout_config(timeouts(POLL_SECONDS_MAX)).build();
            aws_sdk_sqs::Client::from_conf(aws_sdk_sqs::config::Builder::from(&config).interceptor(Whole).build())
        };
        self.inner.clients.sqs.get_or_init(make).clone()
    }

    /// Systems Manager.
    #[must_use]
    pub fn ssm(&self) -> aws_sdk_ssm::Client {
        let config = || aws_sdk_ssm::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.ssm.get_or_init(|| aws_sdk_ssm::Client::from_conf(config())).clone()
    }

    /// STS, in the Region.
    #[must_use]
    pub fn sts(&self) -> aws_sdk_sts::Client {
        let config = || aws_sdk_sts::config::Builder::from(&self.inner.config).interceptor(Whole).build();
        self.inner.clients.sts.get_or_init(|| aws_sdk_sts::Client::from_conf(config())).clone()
    }

    /// The configuration for services that have one endpoint in each partition.
    fn global(&self) -> SdkConfig {
        let region = aws_config::Region::new(global_region(self.region()));
        self.inner.config.to_builder().region(region).build()
    }
}

/// Where the services that are not of any Region have their endpoint, by partition (AWS general reference, endpoints of
/// Route 53 and Organizations).
fn global_region(region: &str) -> String {
    for (prefix, home) in [
        ("cn-", "cn-northwest-1"),
        ("us-gov-", "us-gov-west-1"),
        ("us-isob-", "us-isob-east-1"),
        ("us-isof-", "us-isof-south-1"),
        ("us-iso-", "us-iso-east-1"),
        ("eu-isoe-", "eu-isoe-west-1"),
        ("eusc-", "eusc-de-east-1"),
    ] {
        if region.starts_with(prefix) {
            return home.to_owned();
        }
    }
    "us-east-1".to_owned()
}

fn timeouts(attempt_seconds: u64) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS_MAX))
        .operation_attempt_timeout(Duration::from_secs(attempt_seconds))
        .operation_timeout(Duration::from_secs(OPERATION_SECONDS_MAX))
        .build()
}

/// Credentials of an assumed role. Building the SDK's provider is asynchronous, so it is built at the first call.
struct Assumed {
    role: Role,
    own: SdkConfig,
    provider: OnceCell<AssumeRoleProvider>,
}

impl std::fmt::Debug for Assumed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assumed").field("role", &self.role).finish_non_exhaustive()
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let build = || {
                let builder = AssumeRoleProvider::builder(&self.role.arn).session_name(&self.role.session);
                builder.configure(&self.own).build()
            };
            self.provider.get_or_init(build).await.provide_credentials().await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_before_its_lease() {
        let call_seconds_max = u64::try_from(reeve_engine::CALL_SECONDS_MAX).expect("positive");
        for (name, seconds) in
            [("one try", ATTEMPT_SECONDS_MAX), ("a poll", POLL_SECONDS_MAX), ("all", OPERATION_SECONDS_MAX)]
        {
            assert!(seconds < call_seconds_max, "{name}");
        }
    }

    #[test]
    fn global_services_are_called_where_their_partition_has_them() {
        for (region, home) in [
            ("ap-southeast-2", "us-east-1"),
            ("us-west-2", "us-east-1"),
            ("cn-north-1", "cn-northwest-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-east-1", "us-isob-east-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ] {
            assert_eq!(global_region(region), home, "{region}");
        }
    }
}
