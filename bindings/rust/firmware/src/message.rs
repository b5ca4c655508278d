// SPDX-License-Identifier: MIT
//! A message: text that follows from its number, so that whoever receives it can tell if it is intact.

use core::fmt::{self, Display, Write};

use defrag::{Pool, PoolString, Result};

pub struct Message {
    number: u32,
    text: PoolString<'static>,
    written_at: *const u8,
}

impl Message {
    /// Writes the message of this number into a block just large enough.
    pub fn write(pool: &'static Pool, number: u32) -> Result<Self> {
        let mut text = pool.alloc_string(HEAD + letters(number))?;
        write!(text, "{}", Wording(number)).expect("there is room for all of it");
        let written_at = text.read().as_ptr();
        Ok(Self { number, text, written_at })
    }

    /// Whether its text is elsewhere than it was written.
    pub fn has_moved(&self) -> bool {
        self.text.read().as_ptr() != self.written_at
    }

    /// Whether its text is as it was written.
    pub fn is_intact(&self) -> bool {
        let text = self.text.read();
        let mut rest = Rest(&text);
        write!(rest, "{}", Wording(self.number)).is_ok() && rest.0.is_empty()
    }
}

const HEAD: usize = "message 12345: ".len();

/// How many letters follow the head: up to 210, in an order that hardly repeats itself.
fn letters(number: u32) -> usize {
    number as usize * 89 % 211
}

/// What the message of a number says.
struct Wording(u32);

impl Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {:5}: ", self.0)?;
        ('a'..='z').cycle().skip(self.0 as usize % 26).take(letters(self.0)).try_for_each(|letter| f.write_char(letter))
    }
}

/// Takes what is written to it off the beginning of a text, and fails if the text begins otherwise.
struct Rest<'t>(&'t str);

impl Write for Rest<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
        Ok(())
    }
}
