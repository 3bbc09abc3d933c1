//! The line: one delivery in, one story out.

use crate::story::AskedPolicy;
use crate::{Delivery, FactError, Facts, Gate, LedgerKey, Policy, Story};
use reeve_kinds::{Ask, DetailRule, Kind, World, forbidden_always};
use reeve_model::{
    Code, Digest, Event, Fact, Nonce, PlannedAction, PolicyAnswer, Refusal, Request, Sender, Timestamp, decide,
};
use std::panic::resume_unwind;
use std::sync::Arc;

/// The content type that a custom event bus gives to events it built itself.
const EVENTBRIDGE_CONTENT_TYPE: &str = "application/eventbridge+json";

impl Gate {
    /// Judges one delivery as of `now`. There is always a story; what goes wrong is in its decision.
    #[must_use]
    pub fn judge(&self, delivery: &Delivery, now: Timestamp) -> Story {
        let mut story = self.open(delivery, now, self.facts.as_ref());
        if let Some(late) = story.late.take() {
            story.refuse(&[late]);
        } else if story.is_open() {
            self.rule(&mut story, 0, self.facts.as_ref());
        }
        story
    }

    /// Reads a delivery up to what tells one request from another. The story is open if nothing was refused.
    pub(crate) fn open(&self, delivery: &Delivery, now: Timestamp, facts: &dyn Facts) -> Story {
        let mut story = Story::new(&self.name, self.policies.current(), delivery, now);
        if let Err(refusals) = self.door(delivery, now, facts, &mut story) {
            story.refuse(&refusals);
        }
        story
    }

    fn door(
        &self,
        delivery: &Delivery,
        now: Timestamp,
        facts: &dyn Facts,
        story: &mut Story,
    ) -> Result<(), Vec<Refusal>> {
        let event = Arc::new(Event::parse(&delivery.body)?);
        story.sender = Some(facts.sender(&event.account, delivery.verified));
        story.event = Some(Arc::clone(&event));
        let event = event.as_ref();
        let routed = self.route(event);
        if let Ok(kind) = &routed {
            // Known as early as can be: whoever asked is answered under it, whatever else is wrong.
            story.kind = Some(kind.name().to_owned());
            let field = if kind.detail_rule() == DetailRule::Ours { "nonce" } else { "RequestId" };
            story.nonce = event.detail().get(field).and_then(|node| node.as_str()).and_then(Nonce::parse);
        }
        let mut wrong = at_the_door(event, delivery);
        if let Err(late) = event.check_age(now) {
            // What was begun or answered in time is finished or answered again, however late its message comes.
            if delivery.verified && wrong.is_empty() {
                story.late = Some(late);
            } else {
                wrong.push(late);
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let kind = routed.map_err(|refusal| late_or(story, refusal))?;
        let ask = Ask::read(event, kind).map_err(|refusals| story.late.take().map_or(refusals, |late| vec![late]))?;
        story.dry_run_asked = ask.dry_run;
        if delivery.verified {
            // A stranger must not be able to use up a nonce in somebody else's name.
            let key = LedgerKey {
                account: event.account.clone(),
                source: event.source.clone(),
                kind: kind.name().to_owned(),
                nonce: ask.nonce.clone(),
            };
            story.claim = Some((key, Digest::of(event.detail_canonical().as_bytes())));
        }
        story.nonce = Some(ask.nonce);
        Ok(())
    }

    /// Plans and judges an open story with these facts, as its `round`-th round.
    pub(crate) fn rule(&self, story: &mut Story, round: u32, facts: &dyn Facts) {
        if let Err(refusals) = self.line(story, round, facts) {
            story.refuse(&refusals);
        }
    }

    fn line(&self, story: &mut Story, round: u32, facts: &dyn Facts) -> Result<(), Vec<Refusal>> {
        // An open story has an event, a kind and a sender; without them there is nothing to judge.
        let (Some(event), Some(sender)) = (story.event.clone(), story.sender.clone()) else { return Ok(()) };
        let Some(kind) = story.kind.as_deref().and_then(|name| self.kind(name)) else { return Ok(()) };
        let Some(nonce) = story.nonce.clone() else { return Ok(()) };
        story.round = round;
        let ask = Ask { event: &event, nonce, dry_run: story.dry_run_asked, round };
        self.plan(story, kind, &ask, facts)?;
        let braked = self.brakes.check(&story.actions, &story.world);
        if !braked.is_empty() {
            return Err(braked);
        }
        let detail = event.detail_canonical();
        let set = Arc::clone(&story.set);
        let mut judges = Vec::new();
        for policy in set.policies.iter().filter(|policy| policy.judges(kind.name())) {
            let read = facts_for(policy, &sender, facts).map_err(|error| story.unavailable(&error))?;
            judges.push((policy, read));
        }
        let request = Request {
            kind: kind.name(),
            event: &event,
            detail,
            sender: &sender,
            nonce: &ask.nonce,
            dry_run: ask.dry_run,
            actions: &story.actions,
            facts: &[],
            now: story.now,
        };
        let asked = ask_all(judges, &request);
        let answers: Vec<PolicyAnswer> = asked.iter().map(|it| it.answer.clone()).collect();
        story.decision = decide(&answers, &PlannedAction::digest(&story.actions));
        story.policies = asked;
        Ok(())
    }

    fn plan(&self, story: &mut Story, kind: &dyn Kind, ask: &Ask<'_>, facts: &dyn Facts) -> Result<(), Vec<Refusal>> {
        let draft = kind.draft(ask)?;
        let world: World = facts.world(&draft.needs()).map_err(|error| story.unavailable(&error))?;
        let planned = draft.actions(&world);
        if planned.is_ok() {
            story.answer = draft.answer(&world);
            story.probe = draft.probe(&world);
            story.continues = draft.continues(&world);
            story.holdings = draft.holdings(&world);
            story.released = draft.released(&world);
        }
        // A fact that is not there yet, such as what was just made, is as good as one that cannot be read: that passes, and
        // must not be the answer.
        let awaited = |refusals: &Vec<Refusal>| refusals.iter().any(|it| it.code == Code::FactUnavailable);
        story.fact_unavailable |= planned.as_ref().is_err_and(awaited);
        story.world = world;
        story.actions = planned?;
        Ok(())
    }
}

impl Story {
    /// A fact cannot be read now: nothing of this is remembered, and the next try may pass.
    fn unavailable(&mut self, error: &FactError) -> Vec<Refusal> {
        self.fact_unavailable = true;
        vec![Refusal::new(Code::FactUnavailable, "", error.to_string()).fix("send the same request again later")]
    }
}

/// Fuel from which on policies are asked side by side: about the time in which a thread is started ten times.
const SIDE_BY_SIDE_FUEL: u64 = 1_000_000;

/// Asks the policies, in their order. Those that are likely to take long are asked at the same time, which changes
/// nothing but the time: none sees another.
fn ask_all(judges: Vec<(&Policy, Vec<Fact>)>, request: &Request<'_>) -> Vec<AskedPolicy> {
    let costs = || judges.iter().map(|(policy, _)| policy.plugin.likely_fuel());
    // What would be saved is all but the longest.
    let saved = costs().sum::<u64>().saturating_sub(costs().max().unwrap_or_default());
    if saved < SIDE_BY_SIDE_FUEL {
        return judges.into_iter().map(|(policy, facts)| ask_policy(policy, request, facts)).collect();
    }
    std::thread::scope(|scope| {
        let mut judges = judges.into_iter();
        let first = judges.next();
        let others: Vec<_> =
            judges.map(|(policy, facts)| scope.spawn(move || ask_policy(policy, request, facts))).collect();
        let first = first.map(|(policy, facts)| ask_policy(policy, request, facts));
        let others = others.into_iter().map(|asking| asking.join().unwrap_or_else(|panic| resume_unwind(panic)));
        first.into_iter().chain(others).collect()
    })
}

fn ask_policy(policy: &Policy, request: &Request<'_>, facts: Vec<Fact>) -> AskedPolicy {
    let asked = policy.plugin.ask(&Request { facts: &facts, ..*request });
    let answer = PolicyAnswer {
        policy: policy.id.clone(),
        mode: policy.mode,
        answer: asked.answer,
        fuel: asked.fuel,
        memory_bytes: asked.memory_bytes,
    };
    AskedPolicy { answer, facts, digests: policy.digests.clone(), log: asked.log }
}

fn facts_for(policy: &Policy, sender: &Sender, facts: &dyn Facts) -> Result<Vec<Fact>, FactError> {
    policy.needs.iter().map(|need| facts.fact(&policy.id, need, sender)).collect()
}

/// The refusal of an event that is too late as well: that it is late comes first.
fn late_or(story: &mut Story, refusal: Refusal) -> Vec<Refusal> {
    vec![story.late.take().unwrap_or(refusal)]
}

/// What is checked of every event before it is routed. All that is wrong is told.
fn at_the_door(event: &Event, delivery: &Delivery) -> Vec<Refusal> {
    let mut wrong = Vec::new();
    if delivery.content_type.as_deref().is_some_and(|it| it != EVENTBRIDGE_CONTENT_TYPE) {
        let message = "the payload was put raw, so its envelope is the sender's own work";
        wrong.push(Refusal::new(Code::RawEventNotEnvelope, "", message));
    }
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
