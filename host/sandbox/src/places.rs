//! The places of the pool. Who finds none waits: an evaluation must not fail because of others.

use crate::limits::{MEMORIES_MAX, POOL_INSTANCES, POOL_MEMORIES, POOL_TABLES, TABLES_MAX};
use std::sync::{Condvar, Mutex, PoisonError};
use wasmtime::component::Component;

/// What one instance takes of the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    memories: u32,
    tables: u32,
}

impl Need {
    /// Whether an instance fits into the pool at all.
    #[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "asked before a snapshot is made"))]
    pub(crate) fn fits_any(self) -> bool {
        self.memories <= MEMORIES_MAX && self.tables <= TABLES_MAX
    }

    /// What a component says it requires. One that imports core modules does not say; none is admitted.
    pub(crate) fn of(component: &Component) -> Self {
        let required = component.resources_required();
        let of = |count: Option<u32>, most: u32| count.unwrap_or(most).min(most);
        Self {
            memories: of(required.as_ref().map(|it| it.num_memories), POOL_MEMORIES),
            tables: of(required.as_ref().map(|it| it.num_tables), POOL_TABLES),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Taken {
    instances: u32,
    memories: u32,
    tables: u32,
    /// How many wait: telling nobody would still be a system call.
    waiting: u32,
}

impl Taken {
    fn fits(&self, need: Need) -> bool {
        self.instances < POOL_INSTANCES
            && self.memories + need.memories <= POOL_MEMORIES
            && self.tables + need.tables <= POOL_TABLES
    }
}

impl Places {
    /// Waits until there is a place.
    pub(crate) fn take(&self, need: Need) -> Place<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !taken.fits(need) {
            taken.waiting += 1;
            let full = |taken: &mut Taken| !taken.fits(need);
            taken = self.freed.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner);
            taken.waiting -= 1;
        }
        taken.instances += 1;
        taken.memories += need.memories;
        taken.tables += need.tables;
        Place { places: self, need }
    }
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    places: &'a Places,
    need: Need,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.instances -= 1;
        taken.memories -= self.need.memories;
        taken.tables -= self.need.tables;
        if taken.waiting > 0 {
            // Whoever waits may need more than this place had, so all of them look.
            self.places.freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn who_finds_no_place_waits_for_one() {
        let places = Places::default();
        let need = Need { memories: 4, tables: 4 };
        let most = POOL_MEMORIES / need.memories;
        let mut taken: Vec<_> = (0..most).map(|_| places.take(need)).collect();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| drop(places.take(need)));
            // A pause proves nothing when it is too short, and never fails: the assertion below could only pass wrongly.
            std::thread::sleep(Duration::from_millis(50));
            assert!(!waiting.is_finished(), "every memory is taken");
            taken.pop();
            waiting.join().expect("goes on");
        });
        drop(taken);
        let small = Need { memories: 1, tables: 1 };
        let all: Vec<_> = (0..POOL_INSTANCES).map(|_| places.take(small)).collect();
        assert_eq!(all.len(), usize::try_from(POOL_INSTANCES).expect("few"));
    }
}
