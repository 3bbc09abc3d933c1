//! Settings read once: a component as it is after `configure`, as a component of its own.
//!
//! The plugin is instrumented, instantiated and configured; what its memories and globals hold then becomes the initial
//! contents of a new component, which every evaluation starts from as a copy on write (crate wasmtime-wizer).

use crate::image::{Fresh, Image, Setup, Start};
use crate::inspect::{inspection, one_line};
use crate::limits::{EPOCH_TICK_MS, MEMORIES_MAX};
use crate::places::Need;
use crate::state::State;
use reeve_model::{Digest, Fault};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Component, Instance, Lift, WasmList};
use wasmtime::{Engine, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

/// Bytes by which a memory is grown to be looked into: one page.
const ACCESS_BYTES: usize = 65_536;

/// The component with its settings read, or why it is of a form that allows no snapshot.
///
/// # Errors
/// The fault that the plugin meets before or in `configure`.
pub(crate) fn make(builder: &Engine, bytes: &[u8], setup: &Setup) -> Result<Result<Vec<u8>, String>, Fault> {
    // What is read here is a stranger's: a form that the tool did not foresee must not end the gate.
    let instrumented = match catch_unwind(|| Wizer::new().instrument_component(bytes)) {
        Ok(Ok(made)) => made,
        Ok(Err(error)) => return Ok(Err(one_line(&error))),
        Err(_) => return Ok(Err("the component is of a form that cannot be instrumented".to_owned())),
    };
    let (context, component) = instrumented;
    let component = match Component::from_binary(builder, &component) {
        Ok(component) => component,
        Err(error) => return Ok(Err(one_line(&error))),
    };
    if !Need::of(&component).fits_any() {
        // The pool would refuse it later, and say which limit it is.
        return Ok(Err("it has more memories or tables than a place of the pool".to_owned()));
    }
    let inspection = inspection(&component, Digest::of(bytes), bytes.len());
    let image = Image::link(builder, &component, inspection, setup, Start::Snapshot)?;
    let Fresh { mut store, instance } = image.configured(setup)?;
    // From here on only the accessors run, which read: that costs nobody's fuel.
    let _ = store.set_fuel(u64::MAX);
    store.set_epoch_deadline(u64::MAX / 2 / EPOCH_TICK_MS);
    store.set_hostcall_fuel(usize::MAX);
    let memories = usize::try_from(MEMORIES_MAX).unwrap_or(usize::MAX);
    store.data_mut().make_room(memories.saturating_mul(ACCESS_BYTES));
    let mut access = Access { store, instance, failed: None };
    let taken = catch_unwind(AssertUnwindSafe(|| ready(Wizer::new().snapshot_component(&context, &mut access))));
    Ok(match (access.failed, taken) {
        (Some(why), _) => Err(why),
        (None, Ok(Some(Ok(bytes)))) => Ok(bytes),
        (None, Ok(Some(Err(error)))) => Err(one_line(&error)),
        (None, Ok(None) | Err(_)) => Err("the component is of a form that cannot be snapshotted".to_owned()),
    })
}

/// The value of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Calls the accessors that instrumentation added. The first that fails is remembered: what follows is worth nothing then.
struct Access {
    store: Store<State>,
    instance: Instance,
    failed: Option<String>,
}

impl Access {
    fn call<R: Lift + Send + Sync + 'static>(&mut self, interface: &str, function: &str) -> Option<R> {
        let called = self.try_call(interface, function);
        called.map_err(|error| self.failed.get_or_insert_with(|| one_line(&error)).clone()).ok()
    }

    fn try_call<R: Lift + Send + Sync + 'static>(&mut self, interface: &str, function: &str) -> wasmtime::Result<R> {
        let missing = || wasmtime::Error::msg("an accessor is missing");
        let (_, interface) = self.instance.get_export(&mut self.store, None, interface).ok_or_else(missing)?;
        let (_, function) =
            self.instance.get_export(&mut self.store, Some(&interface), function).ok_or_else(missing)?;
        let function = self.instance.get_typed_func::<(), (R,)>(&mut self.store, function)?;
        function.call(&mut self.store, ()).map(|(value,)| value)
    }
}

impl ComponentInstanceState for Access {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        // Called with no bytes when it failed: who is waiting for the contents must not be left waiting.
        match self.call::<WasmList<u8>>(instance, func) {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.call(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.call(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.call::<f32>(instance, func).unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.call::<f64>(instance, func).unwrap_or_default().to_bits()
    }
}
