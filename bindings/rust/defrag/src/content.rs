// SPDX-License-Identifier: MIT
//! What a block can hold, and what must be remembered beside the block to find it again.

use core::ptr::{self, NonNull};

/// What a [`Mutex`] can hold: any `T` of known size, `[T]`, and `str`.
///
/// For trait objects see [`DynMutex`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let number: defrag::Mutex<u32> = pool.alloc()?;
/// let numbers: defrag::Mutex<[u32]> = pool.alloc_slice(4)?;
/// let text: defrag::Mutex<str> = pool.alloc_str("four")?;
/// # Ok(())
/// # }
/// ```
///
/// # Safety
///
/// `at` must return the pointer with the address given and the extent that `extent` describes, and `bytes` the size of
/// what it points to. Implemented for all types that it can be implemented for.
///
/// [`Mutex`]: crate::Mutex
/// [`DynMutex`]: crate::DynMutex
pub unsafe trait Content {
    /// The number of elements; nothing for a type of known size.
    type Extent: Copy;
    /// The type's alignment in bytes.
    #[doc(hidden)]
    const ALIGNMENT: usize;
    /// The size in bytes.
    #[doc(hidden)]
    fn bytes(extent: Self::Extent) -> usize;
    /// The content at an address.
    #[doc(hidden)]
    fn at(address: NonNull<u8>, extent: Self::Extent) -> NonNull<Self>;
}

// SAFETY: a pointer to a type of known size is its address.
unsafe impl<T> Content for T {
    type Extent = ();
    const ALIGNMENT: usize = align_of::<T>();

    #[inline(always)]
    fn bytes((): ()) -> usize {
        size_of::<T>()
    }

    #[inline(always)]
    fn at(address: NonNull<u8>, (): ()) -> NonNull<T> {
        address.cast()
    }
}

// SAFETY: a pointer to a slice is its address and its length.
unsafe impl<T> Content for [T] {
    type Extent = usize;
    const ALIGNMENT: usize = align_of::<T>();

    #[inline(always)]
    fn bytes(extent: usize) -> usize {
        extent * size_of::<T>() // of elements that exist, so it does not overflow
    }

    #[inline(always)]
    fn at(address: NonNull<u8>, extent: usize) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(address.cast(), extent)
    }
}

// SAFETY: a pointer to a string is its address and its length in bytes.
unsafe impl Content for str {
    type Extent = usize;
    const ALIGNMENT: usize = 1;

    #[inline(always)]
    fn bytes(extent: usize) -> usize {
        extent
    }

    #[inline(always)]
    fn at(address: NonNull<u8>, extent: usize) -> NonNull<str> {
        let bytes = ptr::slice_from_raw_parts_mut(address.as_ptr(), extent);
        // SAFETY: the address is not null.
        unsafe { NonNull::new_unchecked(bytes as *mut str) }
    }
}
