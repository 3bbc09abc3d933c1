//! The line: one delivery in, one story out.

use crate::story::AskedPolicy;
use crate::{Claim, Delivery, Gate, LedgerKey, Policy, Story};
use reeve_kinds::{Ask, Kind, forbidden_always};
use reeve_model::{
    Code, Decision, Digest, Event, Fact, PlannedAction, PolicyAnswer, Refusal, Request, Sender, Timestamp, decide,
};
use std::sync::Arc;

/// The content type that a custom event bus gives to events it built itself.
const EVENTBRIDGE_CONTENT_TYPE: &str = "application/eventbridge+json";

impl Gate {
    /// Judges one delivery as of `now`. There is always a story; what goes wrong is in its decision.
    #[must_use]
    pub fn judge(&self, delivery: &Delivery, now: Timestamp) -> Story {
        let mut story = Story::new(&self.name, &self.digest, delivery, now);
        if let Err(refusals) = self.line(delivery, now, &mut story) {
            story.decision = Decision::refused(&refusals);
        }
        story
    }

    fn line(&self, delivery: &Delivery, now: Timestamp, story: &mut Story) -> Result<(), Vec<Refusal>> {
        let event = Arc::new(Event::parse(&delivery.body)?);
        let sender = self.facts.sender(&event.account, delivery.verified);
        story.sender = Some(sender.clone());
        story.event = Some(Arc::clone(&event));
        let event = event.as_ref();
        let wrong = at_the_door(event, delivery, now);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let kind = self.route(event).map_err(|refusal| vec![refusal])?;
        story.kind = Some(kind.name().to_owned());
        let ask = Ask::read(event, kind)?;
        story.nonce = Some(ask.nonce.clone());
        story.dry_run_asked = ask.dry_run;
        let detail = event.detail_canonical();
        if delivery.verified {
            // A stranger must not be able to use up a nonce in somebody else's name.
            let key = LedgerKey {
                account: event.account.clone(),
                source: event.source.clone(),
                kind: kind.name().to_owned(),
                nonce: ask.nonce.clone(),
            };
            let body = Digest::of(detail.as_bytes());
            if let Some(decision) = self.seen_before(&key, &body, &mut story.duplicate_of) {
                story.decision = decision;
                return Ok(());
            }
            story.claim = Some((key, body));
        }
        let planned = self.plan(kind, &ask);
        if planned.as_ref().is_err_and(|wrong| wrong.iter().any(|refusal| refusal.code == Code::FactUnavailable)) {
            // A fact that cannot be read now may be there on the next try: nothing is remembered.
            story.claim = None;
        }
        story.actions = planned?;
        let asked = self.policies.iter().filter(|policy| policy.judges(kind.name())).map(|policy| {
            let facts = self.facts_for(policy, &sender);
            let request = Request {
                kind: kind.name(),
                event,
                detail: &detail,
                sender: &sender,
                nonce: &ask.nonce,
                dry_run: ask.dry_run,
                actions: &story.actions,
                facts: &facts,
                now,
            };
            let asked = policy.plugin.ask(&request);
            let answer = PolicyAnswer {
                policy: policy.id.clone(),
                mode: policy.mode,
                answer: asked.answer,
                fuel: asked.fuel,
                memory_bytes: asked.memory_bytes,
            };
            AskedPolicy { answer, facts, digests: policy.digests.clone(), log: asked.log }
        });
        let asked: Vec<AskedPolicy> = asked.collect();
        let answers: Vec<PolicyAnswer> = asked.iter().map(|it| it.answer.clone()).collect();
        story.decision = decide(&answers);
        story.policies = asked;
        Ok(())
    }

    fn seen_before(&self, key: &LedgerKey, body: &Digest, of: &mut Option<Digest>) -> Option<Decision> {
        match self.ledger.claim(key, body) {
            Claim::New => None,
            Claim::Same { permitted, receipt } => {
                let message = format!("this request was judged before, see receipt `{receipt}`");
                *of = Some(receipt);
                let refusal = Refusal::new(Code::DuplicateSuppressed, "/detail/nonce", message);
                Some(Decision::repeated(permitted, &refusal))
            }
            Claim::Different => {
                let message = format!("nonce `{}` was used for another request", key.nonce.as_str());
                let refusal = Refusal::new(Code::NonceReuse, "/detail/nonce", message);
                Some(Decision::refused(&[refusal.fix("write a new UUID for every request")]))
            }
        }
    }

    fn plan(&self, kind: &dyn Kind, ask: &Ask<'_>) -> Result<Vec<PlannedAction>, Vec<Refusal>> {
        let draft = kind.draft(ask)?;
        let world = self.facts.world(&draft.needs()).map_err(|error| {
            let refusal = Refusal::new(Code::FactUnavailable, "", error.to_string());
            vec![refusal.fix("record the facts in the file that the gate's `facts` names")]
        })?;
        draft.actions(&world)
    }

    fn facts_for(&self, policy: &Policy, sender: &Sender) -> Vec<Fact> {
        policy.needs.iter().map(|need| self.facts.fact(need, sender)).collect()
    }
}

/// What is checked of every event before it is routed. All that is wrong is told.
fn at_the_door(event: &Event, delivery: &Delivery, now: Timestamp) -> Vec<Refusal> {
    let mut wrong = Vec::new();
    if delivery.content_type.as_deref().is_some_and(|it| it != EVENTBRIDGE_CONTENT_TYPE) {
        let message = "the payload was put raw, so its envelope is the sender's own work";
        wrong.push(Refusal::new(Code::RawEventNotEnvelope, "", message));
    }
    wrong.extend(event.check_age(now).err());
    if event.replay_name.is_some() {
        let message = "an archive replays the event, which would repeat its effects";
        wrong.push(Refusal::new(Code::ReplayRefused, "/replay-name", message));
    }
    if event.claims_aws() && !delivery.verified {
        let message = format!("`{}` is AWS's own source, and anybody could have written it here", event.source);
        wrong.push(Refusal::new(Code::AwsSourceOnUnverifiedPath, "/source", message));
    }
    if forbidden_always(&event.detail_type) {
        let message = format!("`{}` is never done, whatever a policy says", event.detail_type.escape_debug());
        wrong.push(Refusal::new(Code::ActionForbiddenAlways, "/detail-type", message));
    }
    wrong
}
