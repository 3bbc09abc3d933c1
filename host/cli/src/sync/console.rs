//! What a person sees of a run: a line on standard output for each request that has ended, the rest on standard error.

use super::fate::{self, End, Fate, Left};
use super::work::{Ended, Watch};
use crate::Outcome;
use crate::ui::Ui;
use indicatif::{ProgressBar, ProgressStyle};
use reeve_model::text::shown;
use reeve_plan::{Plan, PlannedRequest};
use reeve_report::{Role, grouped};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch::Receiver;

/// How often the line of progress is drawn anew.
const DRAW_EVERY: Duration = Duration::from_millis(200);
/// Longest summary of a request in a line, characters.
const SUMMARY_CHARS_MAX: usize = 300;

/// Watches a run for a person.
#[derive(Debug)]
pub struct Console {
    ui: Ui,
    bar: ProgressBar,
    began: Instant,
    stopped: Receiver<bool>,
    handle: Handle,
}

impl Console {
    /// A console of a run that `stopped` may end; waits are made on `handle`.
    #[must_use]
    pub fn new(ui: &Ui, stopped: Receiver<bool>, handle: Handle) -> Self {
        let bar = if ui.watched() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
            bar.set_style(style);
        }
        if ui.watched() {
            bar.enable_steady_tick(DRAW_EVERY);
        }
        Self { ui: *ui, bar, began: Instant::now(), stopped, handle }
    }

    /// The line of progress, for whoever must end it.
    #[must_use]
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Ends the line of progress and tells how the run has ended.
    ///
    /// # Errors
    /// What has ended the run before its time.
    pub fn finish(self, ended: Ended) -> Outcome {
        self.bar.finish_and_clear();
        for left in &ended.left {
            self.left(left);
        }
        let exit = fate::exit(&ended.left, ended.interrupted);
        let done = format!("{} done", count(ended.done, "request"));
        let rest = match ended.left.len() {
            0 => "nothing is left".to_owned(),
            left => format!("{} left", grouped(u64::try_from(left).unwrap_or(u64::MAX))),
        };
        let before = if ended.interrupted { "interrupted; " } else { "" };
        self.ui.note(&format!("{before}{done}; {rest}"));
        match ended.failure {
            Some(failure) => Err(failure),
            None => Ok(exit),
        }
    }

    /// A request that is not done, and why. What has ended was told when it ended; it is told again with its reasons.
    fn left(&self, left: &Left) {
        self.ui.note(&format!("{} {}", left.fate.word(), line(&left.request)));
        for line in left.fate.lines() {
            self.ui.note(&format!("    {line}"));
        }
    }

    fn tell(&self, text: &str) {
        self.bar.suspend(|| self.ui.note(text));
    }
}

impl Watch for Console {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn pause(&self, time: Duration) {
        let mut stopped = self.stopped.clone();
        let _ = self.handle.block_on(async { tokio::time::timeout(time, stopped.wait_for(|stopped| *stopped)).await });
    }

    fn stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    fn planned(&mut self, plan: &Plan) {
        if !plan.requests.is_empty() {
            self.tell(&format!("planned anew: {}", count(plan.requests.len(), "request")));
        }
    }

    fn asked(&mut self, request: &PlannedRequest) {
        self.tell(&format!("asked {}", line(request)));
    }

    fn ended(&mut self, request: &PlannedRequest, end: &End) {
        let paint = self.ui.paint();
        let fate = Fate::Ended(end.clone());
        let word = fate.word();
        let role = if word == "done" { Role::Good } else { Role::Bad };
        let text = format!("{} {}\n", paint.paint(role, word), line(request));
        // The run goes on when nobody reads any more.
        let _ = self.bar.suspend(|| self.ui.data(&text));
    }

    fn counted(&mut self, done: usize, waiting: usize) {
        self.bar.set_message(format!("{done} done, {waiting} under way"));
    }

    fn warn(&mut self, text: &str) {
        self.bar.suspend(|| self.ui.warn(text));
    }
}

/// A request in one line: its id, its gate, what it does.
fn line(request: &PlannedRequest) -> String {
    let text = format!("{} ({}): {}", request.id, request.gate, request.summary);
    shown(&text, SUMMARY_CHARS_MAX)
}

/// `1 request`, `2 requests`.
#[must_use]
pub fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(u64::try_from(number).unwrap_or(u64::MAX)))
}
