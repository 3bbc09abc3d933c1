//! How far a hostile plugin gets beyond each limit before it is stopped.

use crate::sizes::resident_bytes;
use anyhow::{Context, Result, anyhow};
use reeve_engine::{Asked, Delivery, Story};
use reeve_model::{Answer, Timestamp};
use reeve_sandbox::{Dataset, Datasets, EPOCH_TICK_MS, Index, Limits, Plugin, Sandbox};
use std::path::Path;
use std::time::Instant;

/// Times that each attack is made; the worst is told.
const TIMES: usize = 20;

/// Asks a plugin about a detail.
fn ask(plugin: &Plugin, story: &Story, detail: &str) -> Result<Asked> {
    let asked = story.policies.first().context("asked")?;
    Ok(plugin.ask(&story.request(asked, detail).context("a request")?))
}

/// Prints the table.
pub(crate) fn run(root: &Path, now: Timestamp) -> Result<()> {
    let bytes = std::fs::read(root.join("target/plugins/hostile.wasm")).context("the hostile guest")?;
    let sandbox = Sandbox::new().and_then(Sandbox::with_snapshots)?;
    let load = |limits| {
        let rows = Dataset::new(Index::Strings, [("x", ["v"])])?;
        let tables = Datasets::new([("strings".to_owned(), rows)]);
        sandbox.load(&bytes, "{}", tables, limits).map_err(|fault| anyhow!("{fault}"))
    };
    let gate = crate::gate(root, false)?;
    let body = Delivery { verified: true, ..crate::delivery(crate::DNS_EVENT) };
    let story = gate.judge(&body, now);
    println!("\nlimits and how far the hostile guest gets beyond them: the worst of {TIMES}");
    println!("{:<40} {:>14} {:>16} {:>12} {:>14}  fault", "attack", "limit", "reached", "wall ms", "MiB resident");
    let patient = Limits { timeout_ms: 60_000, ..Limits::default() };
    let timed = Limits { fuel: u64::MAX / 4, timeout_ms: 50, ..Limits::default() };
    for (attack, detail, limits) in [
        ("endless loop, by fuel", r#"{"do":"loop"}"#, patient),
        ("endless look-ups, by fuel", r#"{"do":"loop-exact","n":10,"text":"strings"}"#, patient),
        ("endless log lines, by fuel", r#"{"do":"loop-log","n":1000}"#, patient),
        ("endless loop, by wall clock", r#"{"do":"loop"}"#, timed),
        ("endless memory.fill of 1 MB, by wall clock", r#"{"do":"loop-fill","n":1000000}"#, timed),
        ("allocation without end", r#"{"do":"bomb"}"#, patient),
        ("memory.grow by 60,000 pages", r#"{"do":"grow","n":60000}"#, patient),
        ("recursion without end", r#"{"do":"recurse"}"#, patient),
        ("a reply of 5 MB", r#"{"do":"long-message","n":5000000}"#, patient),
        ("101 reasons", r#"{"do":"reasons","n":101}"#, patient),
    ] {
        let plugin = load(limits)?;
        let before = resident_bytes()?;
        let (mut wall, mut resident, mut worst) = (0.0_f64, 0_u64, None);
        for _ in 0..TIMES {
            let begin = Instant::now();
            let asked = ask(&plugin, &story, detail)?;
            wall = wall.max(begin.elapsed().as_secs_f64() * 1e3);
            resident = resident.max(resident_bytes()?.saturating_sub(before));
            worst = Some(asked);
        }
        let asked = worst.context("asked")?;
        let fault = match &asked.answer {
            Answer::Fault(fault) => fault.as_str(),
            Answer::Verdict(_) | Answer::Error(_) => "none",
        };
        let (limit, reached) = match fault {
            "OutOfFuel" => (format!("{} fuel", limits.fuel), format!("{}", asked.fuel)),
            "Timeout" => (
                format!("{} ms", limits.timeout_ms),
                format!("{:.1} ms late", wall - f64::from(u32::try_from(limits.timeout_ms)?)),
            ),
            "OutOfMemory" => (format!("{} bytes", limits.memory_bytes), format!("{}", asked.memory_bytes)),
            _ => ("-".to_owned(), "-".to_owned()),
        };
        #[expect(clippy::cast_precision_loss, reason = "bytes of memory, far below 2^52")]
        let mib = resident as f64 / 1_048_576.0;
        println!("{attack:<40} {limit:>14} {reached:>16} {wall:>12.2} {mib:>14.1}  {fault}");
    }
    println!("(the clock ticks every {EPOCH_TICK_MS} ms: a time-out is late by up to two ticks)");
    Ok(())
}
