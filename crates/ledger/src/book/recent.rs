//! A map that forgets the oldest beyond a bound.

use jeton_core::CallId;
use std::collections::{HashMap, VecDeque};

#[derive(Debug)]
pub(super) struct Recent<T> {
    most: usize,
    values: HashMap<CallId, T>,
    order: VecDeque<CallId>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<T> Recent<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { most, values: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn insert(&mut self, call: CallId, value: T) {
        if self.values.insert(call, value).is_none() {
            self.order.push_back(call);
        }
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.values.remove(&oldest);
            }
        }
    }

    pub(super) fn get(&self, call: CallId) -> Option<&T> {
        self.values.get(&call)
    }

    pub(super) fn get_mut(&mut self, call: CallId) -> Option<&mut T> {
        self.values.get_mut(&call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten() {
        let mut recent = Recent::new(2);
        for id in [1, 2, 2, 3] {
            recent.insert(CallId::from_i64(id), id);
        }
        let there: Vec<_> = (1..=3).map(|id| recent.get(CallId::from_i64(id)).copied()).collect();
        assert_eq!(there, [None, Some(2), Some(3)]);
        assert_eq!(recent.values.len(), 2);
    }
}
