// SPDX-License-Identifier: MIT
//! Why something was refused.

use core::ffi::CStr;
use core::fmt;

use defrag_sys as sys;

/// Why a call was refused. Whatever it was, the pool and all blocks are as they were before.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let error: defrag::Error = pool.alloc_slice::<u8>(5000).unwrap_err();
/// assert_eq!(error, defrag::Error::InvalidSize);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The free bytes suffice, but no hole is large enough: because nothing was moved ([`Fit::Fast`], [`Fit::Best`]), or
    /// because blocks that are locked are in the way.
    ///
    /// [`Fit::Fast`]: crate::Fit::Fast
    /// [`Fit::Best`]: crate::Fit::Best
    Fragmented,
    /// The free bytes do not suffice.
    OutOfMemory,
    /// The table of handles is full, or cannot grow because of a block in its way.
    OutOfIndexes,
    /// More bytes than the empty pool could hold, or a pool of unusable size.
    InvalidSize,
    /// The type is aligned to more than 1024 bytes.
    InvalidAlignment,
    /// Twelve read guards of the block are alive, or were leaked.
    TooManyLocks,
    /// The pool's own data was overwritten, by code that is not safe.
    Corrupt,
    /// Called from the pool's observer, which may only look; or the pool has an observer already.
    Busy,
    /// The pool lies in memory that it only borrows, where nothing can be pinned for good.
    BorrowedMemory,
    /// This pool was handed out before.
    Taken,
}

/// What this crate's functions return.
///
/// ```
/// fn read_sensor(pool: &defrag::Pool) -> defrag::Result<u32> {
///     Ok(*pool.alloc_value(21_u32)?.read())
/// }
/// ```
pub type Result<T, E = Error> = core::result::Result<T, E>;

impl Error {
    /// The error that a status of the library stands for; `Ok` for the status that means no error.
    #[inline]
    pub(crate) fn check(status: sys::defrag_status) -> Result<()> {
        if status == sys::DEFRAG_OK as sys::defrag_status {
            Ok(())
        } else {
            Err(Self::from_status(status))
        }
    }

    #[cold]
    pub(crate) fn from_status(status: sys::defrag_status) -> Self {
        match status as u32 {
            sys::DEFRAG_FRAGMENTED => Self::Fragmented,
            sys::DEFRAG_OUT_OF_MEMORY => Self::OutOfMemory,
            sys::DEFRAG_OUT_OF_HANDLES => Self::OutOfIndexes,
            sys::DEFRAG_INVALID_SIZE => Self::InvalidSize,
            sys::DEFRAG_INVALID_ALIGNMENT => Self::InvalidAlignment,
            sys::DEFRAG_TOO_MANY_LOCKS => Self::TooManyLocks,
            sys::DEFRAG_BUSY => Self::Busy,
            // What else the library answers, safe code cannot bring about.
            _ => Self::Corrupt,
        }
    }

    fn text(self) -> &'static str {
        let status = match self {
            Self::Fragmented => sys::DEFRAG_FRAGMENTED,
            Self::OutOfMemory => sys::DEFRAG_OUT_OF_MEMORY,
            Self::OutOfIndexes => sys::DEFRAG_OUT_OF_HANDLES,
            Self::InvalidSize => sys::DEFRAG_INVALID_SIZE,
            Self::InvalidAlignment => sys::DEFRAG_INVALID_ALIGNMENT,
            Self::TooManyLocks => sys::DEFRAG_TOO_MANY_LOCKS,
            Self::Corrupt => sys::DEFRAG_CORRUPT,
            Self::Busy => sys::DEFRAG_BUSY,
            Self::BorrowedMemory => return "nothing can be pinned in a pool whose memory is only borrowed",
            Self::Taken => return "this pool was handed out before",
        };
        status_text(status as sys::defrag_status)
    }
}

pub(crate) fn status_text(status: sys::defrag_status) -> &'static str {
    // SAFETY: the library returns a string that lives as long as the program.
    unsafe { CStr::from_ptr(sys::defrag_status_text(status)) }.to_str().unwrap_or_default()
}

/// What a call that cannot fail in safe code did answer: used from an observer, or overwritten by unsafe code.
#[cold]
#[track_caller]
pub(crate) fn broken(status: sys::defrag_status) -> ! {
    panic!("defrag: {}", status_text(status))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for Error {}

/// A refusal that gives back what was to be stored. Turns into its [`Error`] by `?`.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 16, 0)?;
/// let refused = pool.alloc_value([7_u8; 5000]).unwrap_err();
/// assert_eq!(refused.error, defrag::Error::InvalidSize);
/// assert_eq!(refused.value[0], 7);
/// # Ok(())
/// # }
/// ```
pub struct Refused<T> {
    /// Why.
    pub error: Error,
    /// What was to be stored.
    pub value: T,
}

impl<T> fmt::Debug for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Refused<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> core::error::Error for Refused<T> {}

impl<T> From<Refused<T>> for Error {
    fn from(refused: Refused<T>) -> Self {
        refused.error
    }
}

/// What [`Pool::check`] found: the number of the first invariant that is broken, as DESIGN.md counts them.
///
/// [`Pool::check`]: crate::Pool::check
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// if let Err(defrag::Damage { invariant }) = pool.check() {
///     panic!("invariant {invariant} is broken");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Damage {
    /// 1 for the first; 0 if the pool cannot be recognised at all.
    pub invariant: i32,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the library returns a string that lives as long as the program.
        let text = unsafe { CStr::from_ptr(sys::defrag_invariant_text(self.invariant)) };
        f.write_str(text.to_str().unwrap_or_default())
    }
}

impl core::error::Error for Damage {}

impl From<Damage> for Error {
    fn from(_: Damage) -> Self {
        Self::Corrupt
    }
}
