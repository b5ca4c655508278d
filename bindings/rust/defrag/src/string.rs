// SPDX-License-Identifier: MIT
//! A string: a vector of bytes that are UTF-8.

use core::fmt;

use crate::access::{Access, Local};
use crate::error::Result;
use crate::guard::{ReadGuard, Value};
use crate::mutex::Mutex;
use crate::pool::Pool;
use crate::vec::PoolVec;

/// A growable string in a [`Pool`], for `write!` to write to.
///
/// ```
/// use core::fmt::Write;
///
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut message = defrag::PoolString::new(&pool);
/// write!(message, "{} degrees", 21.5).expect("there is room");
/// assert_eq!(&*message.read(), "21.5 degrees");
/// # Ok(())
/// # }
/// ```
pub struct PoolString<'p, A: Access = Local> {
    // UTF-8 at all times.
    bytes: PoolVec<'p, u8, A>,
}

impl<'p, A: Access> PoolString<'p, A> {
    /// An empty string, which has no block yet.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = defrag::PoolString::new(&pool);
    /// text.push_str("hello")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: &'p Pool<A>) -> Self {
        Self { bytes: PoolVec::new(pool) }
    }

    /// A string over a vector of none.
    pub(crate) fn over(bytes: PoolVec<'p, u8, A>) -> Self {
        debug_assert!(bytes.is_empty());
        Self { bytes }
    }

    /// The length in bytes.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(5)?;
    /// text.push('é')?;
    /// assert_eq!(text.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the string is empty.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert!(pool.alloc_string(5)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The number of bytes for which there is room.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert_eq!(pool.alloc_string(5)?.capacity(), 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Makes room for so many more bytes, as [`PoolVec::reserve`].
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`]; the string is then as it was.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.reserve(40)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        self.bytes.reserve(more)
    }

    /// Adds text at the end.
    ///
    /// # Errors
    ///
    /// As [`PoolString::reserve`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("one, two")?;
    /// assert_eq!(&*text.read(), "one, two");
    /// # Ok(())
    /// # }
    /// ```
    pub fn push_str(&mut self, text: &str) -> Result<()> {
        self.bytes.extend_from_slice(text.as_bytes())
    }

    /// Adds a character at the end.
    ///
    /// # Errors
    ///
    /// As [`PoolString::reserve`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push('!')?;
    /// assert_eq!(&*text.read(), "!");
    /// # Ok(())
    /// # }
    /// ```
    pub fn push(&mut self, character: char) -> Result<()> {
        self.push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Takes the last character out.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("né")?;
    /// assert_eq!(text.pop(), Some('é'));
    /// assert_eq!(text.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pop(&mut self) -> Option<char> {
        let last = self.read().chars().next_back()?;
        self.bytes.truncate(self.len() - last.len_utf8());
        Some(last)
    }

    /// Cuts the string to `len` bytes, if it is longer, and keeps the room.
    ///
    /// # Panics
    ///
    /// If that lies within a character.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("12345")?;
    /// text.truncate(3);
    /// assert_eq!(&*text.read(), "123");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            assert!(self.read().is_char_boundary(len), "byte {len} lies within a character");
            self.bytes.truncate(len);
        }
    }

    /// Empties the string and keeps the room.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("12345")?;
    /// text.clear();
    /// assert!(text.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Locks the text, as [`Mutex::lock`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("abc")?;
    /// text.lock().make_ascii_uppercase();
    /// assert_eq!(&*text.read(), "ABC");
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock<'a>(&'a mut self) -> Value<'a, 'p, str, A> {
        self.bytes.lock().into_str()
    }

    /// Locks the text for reading, as [`Mutex::read`].
    ///
    /// # Panics
    ///
    /// As [`Mutex::read`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("abc")?;
    /// assert!(text.read().ends_with('c'));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn read<'a>(&'a self) -> ReadGuard<'a, 'p, str, A> {
        self.bytes.read().into_str()
    }

    /// Locks the text for reading, as [`Mutex::try_read`].
    ///
    /// # Errors
    ///
    /// [`Error::TooManyLocks`](crate::Error::TooManyLocks).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(0)?;
    /// text.push_str("abc")?;
    /// assert!(text.try_read()?.ends_with('c'));
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read<'a>(&'a self) -> Result<ReadGuard<'a, 'p, str, A>> {
        Ok(self.bytes.try_read()?.into_str())
    }

    /// The text in the same block, without room for more.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(100)?;
    /// text.push_str("abc")?;
    /// let text: defrag::Mutex<str> = text.into_str();
    /// assert_eq!(&*text.read(), "abc");
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_str(self) -> Mutex<'p, str, A> {
        let (block, len) = self.bytes.into_slice().into_parts();
        // SAFETY: the bytes are UTF-8.
        unsafe { Mutex::new(block, len) }
    }
}

impl<A: Access> fmt::Write for PoolString<'_, A> {
    /// Fails if the pool has no room; [`PoolString::push_str`] tells why.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text).map_err(|_| fmt::Error)
    }
}

impl<A: Access> fmt::Display for PoolString<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

impl<A: Access> fmt::Debug for PoolString<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Ok(text) => fmt::Debug::fmt(&*text, f),
            Err(_too_many_readers) => f.write_str("PoolString(<locked>)"),
        }
    }
}
