//! Signed reasoning of turns that call tools, kept for clients that cannot give it back: in memory, encrypted, bounded, for a while.

use jeton_core::Timestamp;
use jeton_wire::canonical::SignedTurn;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a turn is kept: an agent that pauses longer begins its turn anew.
const KEPT_MS: i64 = 6 * 3_600_000;
/// Turns that are kept in all, and of one caller.
const TURNS_MAX: usize = 8_192;
const TURNS_OF_ONE_MAX: usize = 1_024;
/// The largest turn that is kept, in bytes.
const TURN_BYTES_MAX: usize = 256 << 10;
/// Bytes of all turns together.
const BYTES_MAX: usize = 64 << 20;
/// Bytes of one caller's turns.
const BYTES_OF_ONE_MAX: usize = 8 << 20;

/// Whose turn it is, and one of its tool calls. Nobody gets what another caller's model thought.
type Name = (Arc<str>, String);

/// The turns that are kept.
pub(crate) struct Vault {
    key: LessSafeKey,
    random: SystemRandom,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    turns: HashMap<Name, Locked>,
    /// The oldest first.
    order: VecDeque<Name>,
    bytes: usize,
}

struct Locked {
    nonce: [u8; NONCE_LEN],
    sealed: Vec<u8>,
    until: Timestamp,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// An empty vault with a key of its own, which dies with the process. None where the machine has no randomness.
    pub(crate) fn new() -> Option<Self> {
        let random = SystemRandom::new();
        let mut bytes = [0; 32];
        random.fill(&mut bytes).ok()?;
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok()?);
        Some(Self { key, random, kept: Mutex::default() })
    }

    /// Keeps a turn for `caller`. One that is too large is not kept; the oldest make room.
    pub(crate) fn keep(&self, caller: &Arc<str>, turn: &SignedTurn, now: Timestamp) {
        let Some(call) = turn.calls().first().filter(|_| turn.must_be_kept()) else { return };
        let Ok(mut sealed) = serde_json::to_vec(turn) else { return };
        let mut nonce = [0; NONCE_LEN];
        if sealed.len() > TURN_BYTES_MAX || self.random.fill(&mut nonce).is_err() {
            return;
        }
        let name = (Arc::clone(caller), call.clone());
        if self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(&name), &mut sealed).is_err() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(&name);
        kept.make_room(caller, sealed.len(), now);
        kept.bytes += sealed.len();
        kept.order.push_back(name.clone());
        kept.turns.insert(name, Locked { nonce, sealed, until: Timestamp(now.0 + KEPT_MS) });
    }

    /// The turn of `caller` that this tool call began.
    pub(crate) fn find(&self, caller: &Arc<str>, call: &str, now: Timestamp) -> Option<SignedTurn> {
        let name = (Arc::clone(caller), call.to_owned());
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Locked { nonce, sealed, .. } = kept.turns.get(&name).filter(|locked| locked.until > now)?;
        let mut sealed = sealed.clone();
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad(&name), &mut sealed).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

/// A turn opens under its own name alone.
fn aad(name: &Name) -> Aad<Vec<u8>> {
    Aad::from([name.0.as_bytes(), &[0], name.1.as_bytes()].concat())
}

impl Kept {
    fn forget(&mut self, name: &Name) {
        if let Some(locked) = self.turns.remove(name) {
            self.bytes -= locked.sealed.len();
            self.order.retain(|other| other != name);
        }
    }

    /// Turns and bytes that are kept for one caller.
    fn share_of(&self, caller: &Arc<str>) -> (usize, usize) {
        let own = self.order.iter().filter(|(of, _)| of == caller).filter_map(|name| self.turns.get(name));
        own.fold((0, 0), |(turns, bytes), locked| (turns + 1, bytes + locked.sealed.len()))
    }

    /// Lets go of the caller's oldest beyond its share, of what has expired, and of the oldest until there is room.
    fn make_room(&mut self, caller: &Arc<str>, bytes: usize, now: Timestamp) {
        while let (turns, held) = self.share_of(caller)
            && (turns >= TURNS_OF_ONE_MAX || held + bytes > BYTES_OF_ONE_MAX)
            && let Some(oldest) = self.order.iter().find(|(of, _)| of == caller).cloned()
        {
            self.forget(&oldest);
        }
        while let Some(oldest) = self.order.front().cloned() {
            let is_over = self.turns.get(&oldest).is_none_or(|locked| locked.until <= now);
            if !is_over && self.turns.len() < TURNS_MAX && self.bytes + bytes <= BYTES_MAX {
                break;
            }
            self.forget(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(call: &str, signature: &str) -> SignedTurn {
        let json = serde_json::json!({ "calls": [call], "thoughts": [{ "Shown": { "text": "Hm.", "signature": signature } }] });
        serde_json::from_value(json).unwrap()
    }

    fn vault() -> (Vault, Arc<str>, Arc<str>) {
        (Vault::new().unwrap(), Arc::from("ada"), Arc::from("ben"))
    }

    #[test]
    fn a_turn_comes_back_to_its_caller_alone_and_for_a_while() {
        let (vault, ada, ben) = vault();
        let kept = turn("call_1", "EqQB+/=");
        vault.keep(&ada, &kept, Timestamp(0));
        assert_eq!(vault.find(&ada, "call_1", Timestamp(KEPT_MS - 1)), Some(kept));
        assert_eq!(vault.find(&ada, "call_1", Timestamp(KEPT_MS)), None, "it has expired");
        assert_eq!(vault.find(&ben, "call_1", Timestamp(1)), None);
        assert_eq!(vault.find(&ada, "call_2", Timestamp(1)), None);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_size_and_for_each_caller_and_cannot_be_read() {
        let (vault, ada, ben) = vault();
        vault.keep(&ben, &turn("of-ben", "secret-signature"), Timestamp(0));
        for number in 0..TURNS_OF_ONE_MAX + 10 {
            vault.keep(&ada, &turn(&format!("call_{number}"), "s"), Timestamp(0));
        }
        assert_eq!(vault.find(&ada, "call_9", Timestamp(1)), None, "the oldest made room");
        assert!(vault.find(&ada, "call_10", Timestamp(1)).is_some());
        assert!(vault.find(&ben, "of-ben", Timestamp(1)).is_some(), "one caller does not push out another");
        vault.keep(&ben, &turn("large", &"x".repeat(TURN_BYTES_MAX)), Timestamp(0));
        assert_eq!(vault.find(&ben, "large", Timestamp(1)), None);
        let kept = vault.kept.lock().unwrap();
        assert_eq!(kept.bytes, kept.turns.values().map(|locked| locked.sealed.len()).sum::<usize>());
        assert!(kept.turns.values().all(|locked| !locked.sealed.windows(6).any(|window| window == b"secret")));
    }

    #[test]
    fn large_turns_of_one_caller_push_out_its_own_alone() {
        let (vault, ada, ben) = vault();
        vault.keep(&ben, &turn("call_ben", "EqQB"), Timestamp(0));
        let large = "x".repeat(TURN_BYTES_MAX - 200);
        let calls: Vec<String> = (0..BYTES_OF_ONE_MAX / TURN_BYTES_MAX + 2).map(|at| format!("call_{at}")).collect();
        for call in &calls {
            vault.keep(&ada, &turn(call, &large), Timestamp(1));
        }
        assert!(vault.find(&ben, "call_ben", Timestamp(2)).is_some());
        assert!(vault.find(&ada, &calls[0], Timestamp(2)).is_none() && vault.find(&ada, calls.last().unwrap(), Timestamp(2)).is_some());
    }
}
