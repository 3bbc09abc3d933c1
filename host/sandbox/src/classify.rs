//! What an error of wasmtime means: one fault for each, from types, never from texts.

use crate::limits::Limits;
use crate::state::State;
use reeve_model::Fault;
use wasmtime::Trap;

/// The fault behind an error of instantiation or a call.
pub(crate) fn fault(error: &wasmtime::Error, state: &State, limits: &Limits, fuel_limit: u64) -> Fault {
    if state.memory_refused {
        return Fault::OutOfMemory { limit_bytes: limits.memory_bytes };
    }
    if state.host_fuel_refused {
        return Fault::OutOfFuel { limit: fuel_limit };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Fault::OutOfFuel { limit: fuel_limit },
        Some(Trap::Interrupt) => Fault::Timeout { limit_ms: limits.timeout_ms },
        Some(Trap::StackOverflow) => Fault::StackOverflow,
        // Raised while the host reads what the guest returned.
        Some(Trap::StringOutOfBounds | Trap::ListOutOfBounds | Trap::InvalidChar) => {
            Fault::BadReply { message: first_line(error) }
        }
        Some(_) => Fault::Trap { message: with_place(error) },
        // No trap, so it was not the guest's code that failed but the host's reading of its reply: not UTF-8, an
        // unknown case, or more data than a call may copy.
        None => Fault::BadReply { message: first_line(error) },
    }
}

/// The root cause, without the backtrace.
fn first_line(error: &wasmtime::Error) -> String {
    error.root_cause().to_string().lines().next().unwrap_or_default().to_owned()
}

/// The root cause and the innermost function, which the name section of the plugin tells.
fn with_place(error: &wasmtime::Error) -> String {
    let cause = first_line(error);
    let frames = error.downcast_ref::<wasmtime::WasmBacktrace>().map(wasmtime::WasmBacktrace::frames);
    let named = frames.and_then(|frames| frames.iter().find_map(|frame| frame.func_name()));
    named.map_or(cause.clone(), |name| format!("{cause} in `{}`", reeve_model::text::shown(name, 200)))
}
