//! What the browser keeps until the server has confirmed it: one entry an answer, so that two tabs never write over
//! each other. Sending an answer twice is one answer, so whichever tab sends it does no harm.

use crate::wire::label::{Sent, Setting};
use leptos::prelude::window;
use web_sys::Storage;

/// Where the answers of this person in this queue are kept.
#[derive(Debug, Clone)]
pub struct Keep {
    prefix: String,
}

impl Keep {
    pub fn of(setting: &Setting) -> Keep {
        Keep { prefix: format!("assay.out.{}.{}.", setting.queue, setting.person) }
    }

    pub fn put(&self, sent: &Sent) {
        if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(sent)) {
            // A full or forbidden storage leaves the answer in memory, where it is sent from all the same.
            let _ = storage.set_item(&format!("{}{}", self.prefix, sent.id), &text);
        }
    }

    pub fn forget(&self, id: &str) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&format!("{}{id}", self.prefix));
        }
    }

    /// What an earlier visit could not send, in the order in which it was said: ids of version 7 grow with time.
    pub fn left_over(&self) -> Vec<Sent> {
        let Some(storage) = storage() else { return Vec::new() };
        let n = storage.length().unwrap_or(0);
        let mut sent: Vec<Sent> = (0..n)
            .filter_map(|i| storage.key(i).ok().flatten())
            .filter(|key| key.starts_with(&self.prefix))
            .filter_map(|key| storage.get_item(&key).ok().flatten())
            .filter_map(|text| serde_json::from_str(&text).ok())
            .collect();
        sent.sort_by(|a, b| a.id.cmp(&b.id));
        sent
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// A UUID of version 7: the time in milliseconds, then random bits.
pub fn new_id() -> String {
    let mut bytes = [0u8; 16];
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_u8_array(&mut bytes);
    }
    let millis = js_sys::Date::now() as u64;
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let mut text = String::with_capacity(36);
    for (i, byte) in bytes.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
