//! EC2 instances as Systems Manager knows them, in the account they run in.

use super::{Tokens, failed};
use crate::{Aws, Failure, Service};
use aws_sdk_ssm::types::InstanceInformationStringFilter;
use reeve_engine::FactError;
use reeve_kinds::Instance;
use reeve_model::AccountId;

/// The instance with this id, if its agent has reported to Systems Manager. `aws` is a role in `account`.
///
/// The agent reports the computer's full name, which whoever runs the instance can choose.
pub(super) async fn instance(aws: &Aws, id: &str, account: &AccountId) -> Result<Option<Instance>, FactError> {
    const OPERATION: &str = "DescribeInstanceInformation";
    let filter = InstanceInformationStringFilter::builder().key("InstanceIds").values(id).build();
    let filter = filter.map_err(|error| FactError(format!("{OPERATION}: {error}")))?;
    let mut tokens = Tokens::new(OPERATION);
    loop {
        aws.spend(Service::Ssm, OPERATION).await;
        let call = aws.ssm().describe_instance_information().filters(filter.clone());
        let answer = match call.set_next_token(tokens.current()).send().await {
            Ok(answer) => answer,
            Err(error) if crate::failure(&error).is("InvalidInstanceId") => return Ok(None),
            Err(error) => return Err(failed(OPERATION)(error)),
        };
        if let Some(found) = answer.instance_information_list().iter().find(|it| it.instance_id() == Some(id)) {
            let full_name = found.computer_name().ok_or_else(|| Failure::garbled(OPERATION, "computer name"))?;
            let private_ip = found.ip_address().ok_or_else(|| Failure::garbled(OPERATION, "address"))?.to_owned();
            // Windows has no zone in the name of a computer that has not joined a domain.
            let (host, zone) = full_name.split_once('.').unwrap_or((full_name, ""));
            let (host, zone) = (host.to_owned(), zone.trim_end_matches('.').to_owned());
            return Ok(Some(Instance { account: account.clone(), host, zone, private_ip }));
        }
        if !tokens.advance(answer.next_token())? {
            return Ok(None);
        }
    }
}
