// SPDX-License-Identifier: MIT
//! The node at work: it writes, sends, and moves blocks in between.

use defrag::{Budget, Error, Mutex, Pool, PoolVec, Result};
use semihosting::println;

use crate::message::Message;

/// What one turn of the idle loop may move.
const IDLE: Budget = Budget { bytes: 256, blocks: 8 };

/// The radio sends once while so many messages are written.
const WRITTEN_TO_SENT: u32 = 3;

#[derive(Debug, Default)]
pub struct Counts {
    pub sent: u32,
    /// Messages that were not where they had been written when they were sent.
    pub moved: u32,
    /// Times that there was no room until a message had been sent.
    pub waits: u32,
    /// Bytes moved by the idle loop.
    pub idle_bytes: usize,
}

struct Node {
    pool: &'static Pool,
    queue: PoolVec<'static, Message>,
    counts: Mutex<'static, Counts>,
}

/// Writes so many messages and sends them all.
pub fn run(pool: &'static Pool, messages: u32) -> Result<Counts> {
    let mut node = Node { pool, queue: PoolVec::new(pool), counts: pool.alloc()? };
    for number in 0..messages {
        node.write(number)?;
        if number % WRITTEN_TO_SENT == 0 {
            node.send();
        }
        node.counts.lock().idle_bytes += pool.step(IDLE).moved_bytes;
    }
    println!("{}", pool.display());
    while node.send() {}
    Ok(node.counts.into_inner())
}

impl Node {
    /// Puts a new message into the queue, after others have been sent if there is no room for it.
    fn write(&mut self, number: u32) -> Result<()> {
        let mut message = loop {
            match Message::write(self.pool, number) {
                Ok(message) => break message,
                Err(error) => self.make_room(error)?,
            }
        };
        while let Err(refused) = self.queue.push(message) {
            self.make_room(refused.error)?;
            message = refused.value;
        }
        Ok(())
    }

    /// Sends a message if one is in the queue and room is all that was missing. That the room is there but in pieces is
    /// no excuse here: nothing is locked.
    fn make_room(&mut self, error: Error) -> Result<()> {
        if error != Error::OutOfMemory || !self.send() {
            return Err(error);
        }
        self.counts.lock().waits += 1;
        Ok(())
    }

    /// Sends the message that the other side asks for, seldom the oldest; tells if there was one.
    fn send(&mut self) -> bool {
        if self.queue.is_empty() {
            return false;
        }
        let mut counts = self.counts.lock();
        let message = self.queue.remove(counts.sent as usize * 31 % self.queue.len());
        assert!(message.is_intact(), "the message sent as number {} is damaged", counts.sent);
        counts.sent += 1;
        counts.moved += u32::from(message.has_moved());
        true
    }
}
