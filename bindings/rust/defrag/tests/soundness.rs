// SPDX-License-Identifier: MIT
//! What safe code must not be able to break, and what each refusal says.

use std::cell::Cell;
use std::error::Error as _;
use std::fmt::Debug;
use std::mem;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;

use defrag::{
    Config, CriticalSection, DynMutex, Error, Event, Fit, Fixed, Local, Mutex, Pool, PoolString, PoolVec, ReadGuard,
    Refused, SharedPool, SliceMutex, StaticPool, Value, Verdict,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

// A pool of one thread, and all that belongs to it, stays there.
assert_not_impl_any!(Pool: Send, Sync);
assert_not_impl_any!(Mutex<'static, u32>: Send, Sync);
assert_not_impl_any!(PoolVec<'static, u32>: Send, Sync);
assert_not_impl_any!(PoolString<'static>: Send, Sync);
assert_not_impl_any!(Fixed<'static, u32>: Send, Sync);
assert_not_impl_any!(Value<'static, 'static, u32>: Send, Sync);
assert_not_impl_any!(ReadGuard<'static, 'static, u32>: Send, Sync);
assert_impl_all!(StaticPool<1024, Local>: Sync);

// What belongs to a shared pool goes where its content may go.
assert_impl_all!(SharedPool: Send, Sync);
assert_impl_all!(Mutex<'static, u32, CriticalSection>: Send, Sync);
assert_impl_all!(PoolVec<'static, u32, CriticalSection>: Send, Sync);
assert_impl_all!(Fixed<'static, u32, CriticalSection>: Send, Sync);
assert_impl_all!(Value<'static, 'static, u32, CriticalSection>: Send, Sync);
assert_impl_all!(ReadGuard<'static, 'static, u32, CriticalSection>: Send, Sync);
assert_impl_all!(Mutex<'static, Cell<u32>, CriticalSection>: Send);
assert_not_impl_any!(Mutex<'static, Cell<u32>, CriticalSection>: Sync);
assert_impl_all!(Value<'static, 'static, Cell<u32>, CriticalSection>: Send);
assert_not_impl_any!(Value<'static, 'static, Cell<u32>, CriticalSection>: Sync);
assert_not_impl_any!(ReadGuard<'static, 'static, Cell<u32>, CriticalSection>: Send, Sync);
assert_not_impl_any!(Mutex<'static, Rc<u32>, CriticalSection>: Send, Sync);
assert_not_impl_any!(Fixed<'static, Rc<u32>, CriticalSection>: Send, Sync);
assert_not_impl_any!(DynMutex<'static, dyn Debug + Send + Sync, CriticalSection>: Send, Sync);

/// Counts how often it is dropped; may panic in doing so, or when cloned.
#[derive(Debug)]
struct Counted<'c> {
    drops: &'c Cell<u32>,
    panics: bool,
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        if self.panics && !std::thread::panicking() {
            panic_quietly();
        }
    }
}

fn panic_quietly() -> ! {
    resume_unwind(Box::new("planned"))
}

fn panics<R>(run: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(run)).is_err()
}

/// The pool is whole and holds as many blocks, none of them locked.
#[track_caller]
fn assert_holds(pool: &Pool, blocks: usize) {
    pool.check().unwrap();
    assert_eq!((pool.stats().live, pool.stats().locked), (blocks, 0));
}

// ------------------------------------------------------------------------------------------------------------- panics

#[test]
fn a_panic_in_from_fn_drops_what_was_made() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    let drops = Cell::new(0);
    for made in [0, 3] {
        let make = |i| if i == made { panic_quietly() } else { Counted { drops: &drops, panics: false } };
        assert!(panics(|| pool.alloc_slice_from_fn(5, make)));
        assert_eq!(drops.take(), made as u32);
        assert_holds(&pool, 0);
    }
}

#[test]
fn a_panic_in_an_iterator_drops_what_it_gave() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    let drops = Cell::new(0);
    let make = |i| if i == 13 { panic_quietly() } else { Counted { drops: &drops, panics: false } };
    assert!(panics(|| pool.alloc_slice_from_iter((0..20).map(make))));
    assert_eq!(drops.get(), 13);
    assert_holds(&pool, 0);
}

#[test]
fn a_panic_in_default_frees_the_block() {
    #[derive(Debug)]
    struct Refuses(#[allow(dead_code)] u64);

    impl Default for Refuses {
        fn default() -> Self {
            panic_quietly()
        }
    }

    let pool = Pool::new(1024, 8, 0).unwrap();
    assert!(panics(|| pool.alloc::<Refuses>()));
    assert!(panics(|| pool.alloc_slice::<Refuses>(3)));
    assert_holds(&pool, 0);
}

#[test]
fn a_panic_in_clone_leaves_what_was_cloned() {
    struct Clones<'c> {
        counted: Counted<'c>,
        left: &'c Cell<u32>,
    }

    impl Clone for Clones<'_> {
        fn clone(&self) -> Self {
            let left = self.left.get().checked_sub(1).unwrap_or_else(|| panic_quietly());
            self.left.set(left);
            Self { counted: Counted { drops: self.counted.drops, panics: false }, left: self.left }
        }
    }

    let pool = Pool::new(4096, 8, 0).unwrap();
    let (drops, left) = (Cell::new(0), Cell::new(4));
    let new = || Clones { counted: Counted { drops: &drops, panics: false }, left: &left };
    let mut slice = pool.alloc_slice_from_fn(2, |_| new()).unwrap();
    assert!(panics(|| slice.resize(10, new())));
    assert_eq!(slice.len(), 2 + 4);
    assert_eq!(drops.get(), 1, "what was to be cloned");
    drop(slice);
    assert_eq!(drops.get(), 1 + 2 + 4);
    assert_holds(&pool, 0);
}

#[test]
fn a_panic_in_a_destructor_drops_the_rest_and_frees_the_block() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    let drops = Cell::new(0);
    let slice = || pool.alloc_slice_from_fn(5, |i| Counted { drops: &drops, panics: i == 2 }).unwrap();
    assert!(panics(|| drop(slice())));
    assert_eq!(drops.take(), 5);
    assert_holds(&pool, 0);

    let mut truncated = slice();
    assert!(panics(|| truncated.truncate(1)));
    assert_eq!((truncated.len(), drops.take()), (1, 4));
    truncated.lock();
    assert_holds(&pool, 1);
    drop(truncated);
    assert_eq!(drops.take(), 1);

    let mut list = slice().into_vec();
    assert!(panics(|| list.clear()));
    assert_eq!((list.len(), drops.take()), (0, 5));
    assert!(list.push(Counted { drops: &drops, panics: true }).is_ok());
    assert!(panics(|| drop(list.remove(0))));
    assert_eq!(drops.take(), 1);
    drop(list);

    let value = || pool.alloc_value(Counted { drops: &drops, panics: true }).unwrap();
    assert!(panics(|| drop(value())));
    assert!(panics(|| drop(value().into_inner())));
    assert!(panics(|| drop(value().pin().unwrap())));
    assert!(panics(|| drop(value().into_dyn::<dyn Debug>(|it| it, |it| it))));
    assert_eq!(drops.get(), 4);
    assert_holds(&pool, 0);
}

#[test]
fn a_trait_object_drops_its_content_once() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let drops = Cell::new(0);
    let value = pool.alloc_value(Counted { drops: &drops, panics: false }).unwrap();
    let mut thing = value.into_dyn::<dyn Debug>(|it| it, |it| it);
    mem::forget(thing.lock());
    assert!(format!("{thing:?}").contains("panics: false"));
    drop(thing);
    assert_eq!(drops.get(), 1);
    assert_holds(&pool, 0);
}

// -------------------------------------------------------------------------------------------------------------- locks

#[test]
fn leaked_guards_are_made_good_for() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut list = pool.alloc_vec::<u32>(2).unwrap();
    let leaks: [fn(&mut PoolVec<u32>); 2] = [|list| mem::forget(list.lock()), |list| mem::forget(list.read())];
    let uses: [fn(&mut PoolVec<u32>); 4] = [
        |list| drop(list.lock()),
        |list| list.push(1).unwrap(),
        |list| list.reserve(list.capacity() * 2).unwrap(),
        |list| assert_eq!(list.pop(), Some(1)),
    ];
    for leak in leaks {
        for use_it in uses {
            leak(&mut list);
            assert_eq!(pool.stats().locked, 1);
            use_it(&mut list);
            assert_holds(&pool, 1);
        }
    }
    list.push(1).unwrap();
    mem::forget(list.lock());
    assert_eq!(*list.read(), [1], "an exclusive guard that was leaked does not keep readers out");
    assert_holds(&pool, 1);
    mem::forget(list.lock());
    drop(list);
    assert_holds(&pool, 0);
}

#[test]
fn the_thirteenth_reader_is_refused() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut number = pool.alloc_value(5).unwrap();
    let mut readers: Vec<_> = (0..12).map(|_| number.read()).collect();
    assert_eq!(number.try_read().unwrap_err(), Error::TooManyLocks);
    assert_eq!(format!("{number:?}"), "Mutex(<locked>)");
    assert!(panics(|| drop(number.read())));
    readers.pop();
    assert_eq!(*number.read(), 5);
    drop(readers);
    (0..12).for_each(|_| mem::forget(number.read()));
    assert_eq!(number.try_read().unwrap_err(), Error::TooManyLocks);
    *number.lock() += 1;
    assert_eq!(*number.read(), 6);
    assert_holds(&pool, 1);
}

// --------------------------------------------------------------------------------------------------------------- pins

#[test]
fn a_leaked_pin_outlives_its_pool() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    let below = pool.alloc_slice::<u8>(500).unwrap();
    let pinned = pool.alloc_slice_copy(&[7_u8; 100]).unwrap().pin().unwrap();
    let address: *const [u8] = &*pinned;
    mem::forget(pinned);
    drop(below);
    pool.defrag();
    drop(pool);
    // Memory that was given back would be handed out again.
    let others: Vec<_> = (0..50).map(|_| Pool::new(4096, 8, 0).unwrap()).collect();
    // SAFETY: what was pinned and not dropped stays, as `Pin` promises.
    assert_eq!(unsafe { &*address }, [7; 100]);
    drop(others);
}

#[test]
fn a_pin_stays_and_can_be_undone() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    let below = pool.alloc_slice::<u8>(500).unwrap();
    let mut pinned: Pin<Fixed<[u32; 9]>> = pool.alloc_value([5; 9]).unwrap().pin().unwrap();
    let address = pinned.as_ptr();
    drop(below);
    pool.defrag();
    pinned[3] = 6;
    assert_eq!(pinned.as_ptr(), address);
    let movable = Fixed::unpin(pinned);
    pool.defrag();
    assert_ne!(movable.read().as_ptr(), address);
    assert_eq!(movable.read()[3], 6);
}

#[test]
fn borrowed_memory_pins_nothing() {
    let mut buffer = [mem::MaybeUninit::uninit(); 1024];
    let pool = Pool::in_buffer(&mut buffer, Config::new()).unwrap();
    let refused = pool.alloc_pinned(5).unwrap_err();
    assert_eq!((refused.error, refused.value), (Error::BorrowedMemory, 5));
    let refused = pool.alloc_value(6).unwrap().pin().unwrap_err();
    assert_eq!((refused.error, refused.value.into_inner()), (Error::BorrowedMemory, 6));
    assert_holds(&pool, 0);
}

// ---------------------------------------------------------------------------------------------------- sizes, alignment

#[test]
fn nothing_costs_nothing() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    thread_local!(static DROPS: Cell<u32> = const { Cell::new(0) });

    #[derive(Clone)]
    struct Nothing;

    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }

    let mut list = PoolVec::new(&pool);
    for _ in 0..1000 {
        list.push(Nothing).unwrap();
    }
    drop(list.pop());
    let slice = list.into_slice();
    assert_eq!((slice.len(), slice.read().len()), (999, 999));
    assert_eq!(slice.handle(), None);
    assert_holds(&pool, 0);
    drop(slice);
    assert_eq!(DROPS.get(), 1000);
    let mut slice = pool.alloc_slice_from_fn(u16::MAX, |_| Nothing).unwrap();
    slice.truncate(5);
    drop(slice);
    assert_eq!(DROPS.get(), 1000 + u32::from(u16::MAX));
    assert!(pool.alloc_str("").unwrap().read().is_empty());
}

#[test]
fn alignment_is_kept_through_moves() {
    #[derive(Debug, Default)]
    #[repr(align(1024))]
    struct Page([u8; 3]);

    let pool = Pool::new(16 * 1024, 8, 0).unwrap();
    let mut between = vec![];
    let mut pages = vec![];
    for i in 0..4 {
        between.push(pool.alloc_slice::<u8>(1200 + i).unwrap()); // more than an alignment
        pages.push(pool.alloc_value(Page([i as u8; 3])).unwrap());
    }
    let moved = pool.stats().moved_blocks;
    while !between.is_empty() {
        between.remove(0);
        pool.defrag();
        for (i, page) in pages.iter().enumerate() {
            let page = page.read();
            assert_eq!(&*page as *const Page as usize % 1024, 0);
            assert_eq!(page.0, [i as u8; 3]);
        }
    }
    assert!(pool.stats().moved_blocks > moved);
}

#[test]
fn alignment_above_1024_is_refused() {
    #[derive(Debug, Default)]
    #[repr(align(2048))]
    struct Huge;

    #[derive(Debug, Default)]
    #[repr(align(2048))]
    struct Filled(#[allow(dead_code)] u8);

    let pool = Pool::new(16 * 1024, 8, 0).unwrap();
    assert_eq!(pool.alloc::<Huge>().unwrap_err(), Error::InvalidAlignment);
    assert_eq!(pool.alloc::<Filled>().unwrap_err(), Error::InvalidAlignment);
    assert_eq!(pool.alloc_vec::<Huge>(0).unwrap_err(), Error::InvalidAlignment);
    assert_eq!(PoolVec::new(&pool).push(Filled(1)).unwrap_err().error, Error::InvalidAlignment);
    // What takes no block has an address nevertheless.
    assert_eq!(PoolVec::<Filled>::new(&pool).read().as_ptr() as usize % 2048, 0);
    assert_eq!(PoolVec::<Huge>::new(&pool).lock().as_ptr() as usize % 2048, 0);
    assert_eq!(pool.would_fit(1, 2048), Err(Error::InvalidAlignment));
}

#[test]
fn lengths_that_overflow_are_refused() {
    let pool = Pool::new(4096, 8, 0).unwrap();
    for len in [usize::MAX, usize::MAX / 8 + 1, usize::MAX / 8, 1 << 20] {
        assert_eq!(pool.alloc_slice::<u64>(len).unwrap_err(), Error::InvalidSize);
        assert_eq!(pool.alloc_vec::<u64>(len).unwrap_err(), Error::InvalidSize);
    }
    assert_eq!(pool.alloc_slice::<u64>(-1).unwrap_err(), Error::InvalidSize);
    let mut list = pool.alloc_slice_copy(&[1_u64]).unwrap().into_vec();
    assert_eq!(list.reserve(usize::MAX).unwrap_err(), Error::InvalidSize);
    assert_eq!(Pool::new(usize::MAX, 8, 0).unwrap_err(), Error::InvalidSize);
    assert_eq!(*list.read(), [1]);
}

#[test]
fn what_is_not_initialised_is_not_dropped() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let drops = Cell::new(0);
    let mut slice = pool.alloc_slice_uninit::<Counted>(3).unwrap();
    slice.lock()[1].write(Counted { drops: &drops, panics: false });
    drop(slice);
    assert_eq!(drops.get(), 0);
    let mut slice = pool.alloc_slice_uninit::<Counted>(3).unwrap();
    slice.lock().iter_mut().for_each(|it| _ = it.write(Counted { drops: &drops, panics: false }));
    // SAFETY: all three have been written.
    drop(unsafe { slice.assume_init() });
    assert_eq!(drops.get(), 3);
    assert_holds(&pool, 0);
}

#[test]
fn a_string_stays_utf_8() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut text = PoolString::new(&pool);
    text.push_str("né").unwrap();
    assert!(panics(|| text.truncate(2)));
    assert_eq!(&*text.read(), "né");
    assert_eq!(text.pop(), Some('é'));
    assert_eq!(&*text.into_str().read(), "n");
}

// ----------------------------------------------------------------------------------------------------------- refusals

#[test]
fn every_error_has_a_text_of_its_own_and_no_source() {
    let errors = [
        Error::Fragmented,
        Error::OutOfMemory,
        Error::OutOfIndexes,
        Error::InvalidSize,
        Error::InvalidAlignment,
        Error::TooManyLocks,
        Error::Corrupt,
        Error::Busy,
        Error::BorrowedMemory,
        Error::Taken,
    ];
    let texts: std::collections::HashSet<String> = errors.iter().map(Error::to_string).collect();
    assert_eq!(texts.len(), errors.len());
    assert!(texts.iter().all(|text| text.len() > 10), "{texts:?}");
    assert!(errors.iter().all(|error| error.source().is_none()));
    let refused = Refused { error: Error::Taken, value: () };
    assert_eq!(refused.to_string(), Error::Taken.to_string());
    assert!(refused.source().is_none());
    assert_eq!(Error::from(defrag::Damage { invariant: 3 }), Error::Corrupt);
    assert!(defrag::Damage { invariant: 3 }.to_string().starts_with("I3: "));
}

#[test]
fn a_refusal_gives_the_value_back() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let list = [pool.alloc_slice::<u8>(700).unwrap()];
    let refused = pool.alloc_value([String::from("text"), String::new()].map(|text| [(); 20].map(|()| text.clone())));
    let Refused { error, value } = refused.unwrap_err();
    assert_eq!((error, value[0][19].as_str()), (Error::OutOfMemory, "text"));
    let mut full = pool.alloc_vec::<[u64; 8]>(1).unwrap();
    let refused = loop {
        if let Err(refused) = full.push([full.len() as u64; 8]) {
            break refused;
        }
    };
    assert_eq!((refused.error, refused.value[7]), (Error::OutOfMemory, full.len() as u64));
    assert!(full.read().iter().enumerate().all(|(i, numbers)| *numbers == [i as u64; 8]));
    drop(list);
}

#[test]
fn fits_are_told_beforehand() {
    let pool = Pool::new(4096, 16, 0).unwrap();
    let mut blocks: Vec<SliceMutex<u8>> = (0..8).map(|_| pool.alloc_slice(400).unwrap()).collect();
    assert_eq!(pool.would_fit(400, 8), Ok(Verdict::Now));
    let rest = pool.alloc_slice::<u8>(pool.stats().largest_now).unwrap();
    blocks.swap_remove(0); // the last block takes its place in the list
    blocks.swap_remove(2); // so that one block stays between two holes
    assert_eq!(pool.would_fit(700, 8), Ok(Verdict::AfterMoving));
    assert_eq!(pool.with_fit(Fit::Best).alloc_slice::<u8>(700).unwrap_err(), Error::Fragmented);
    let Ok(Verdict::OutOfMemory { missing }) = pool.would_fit(3000, 8) else { panic!("it does not fit") };
    assert!(missing > 2000 && missing < 3000, "{missing}");
    assert_eq!(pool.would_fit(0, 8), Err(Error::InvalidSize));
    assert_eq!(pool.would_fit(5000, 8), Err(Error::InvalidSize));
    assert_eq!(pool.would_fit(8, 3), Err(Error::InvalidAlignment));

    let handles: Vec<_> = blocks.iter().map(SliceMutex::handle).collect();
    let guards: Vec<_> = blocks.iter().map(SliceMutex::read).collect();
    assert_eq!(pool.would_fit(700, 8), Ok(Verdict::Blocked { blocks: 1 }));
    let mut found = [None; 4];
    assert_eq!(pool.blockers(700, 8, &mut found), Ok(1));
    assert!(handles.contains(&found[0]) && found[1..] == [None; 3]);
    assert_eq!(pool.alloc_slice::<u8>(700).unwrap_err(), Error::Fragmented);
    drop(guards);
    assert!(pool.alloc_slice::<u8>(700).is_ok());
    drop(rest);
}

// --------------------------------------------------------------------------------------------------- looking, observing

#[test]
fn an_observer_is_told_and_is_alone() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let events = std::cell::RefCell::new(vec![]);
    let note = |event| {
        assert_eq!(pool.check(), Ok(()));
        events.borrow_mut().push(event);
    };
    let ran = pool.with_observer(&note, || {
        assert_eq!(pool.with_observer(&|_| (), || ()), Err(Error::Busy));
        let mut number = pool.alloc_value(5_u64).unwrap();
        *number.lock() += 1;
        assert!(pool.alloc_slice::<u8>(pool.stats().largest_now + 1).is_err());
    });
    assert_eq!(ran, Ok(()));
    drop(pool.alloc::<u8>()); // nobody is told of this
    let kinds: Vec<&str> = events.borrow().iter().map(kind_of).collect();
    assert_eq!(kinds, ["alloc", "lock", "unlock", "lock", "unlock", "refuse", "free"]);
    assert!(panics(|| pool.with_observer(&|_| (), || panic_quietly())));
    assert_eq!(pool.with_observer(&|_| (), || 5), Ok(5), "a panic ends the observation too");
}

fn kind_of(event: &Event) -> &'static str {
    match event {
        Event::Alloc { .. } => "alloc",
        Event::Free { .. } => "free",
        Event::Move { .. } => "move",
        Event::Resize { .. } => "resize",
        Event::Lock { .. } => "lock",
        Event::Unlock { .. } => "unlock",
        Event::Refuse { .. } => "refuse",
        _ => "unknown",
    }
}

#[test]
fn a_walk_ends_whatever_is_done_meanwhile() {
    let pool = Pool::new(4096, 64, 0).unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        // Content that looks like headers.
        let mut blocks: Vec<_> =
            (0..20).map(|_| pool.alloc_slice_from_fn(random.usize(..40), |_| random.u16(..16)).unwrap()).collect();
        let mut shown = 0;
        for block in pool.blocks() {
            assert!(block.offset + block.bytes <= pool.stats().pool_bytes, "{block:?}");
            shown += 1;
            if shown % 3 == 0 && !blocks.is_empty() {
                blocks.swap_remove(0);
                pool.defrag();
            }
        }
        assert!(shown <= 512);
    }
}

#[test]
fn a_write_past_a_block_is_found() {
    let pool = Pool::new(1024, 8, 0).unwrap();
    let mut low = pool.alloc_slice::<u8>(12).unwrap();
    let high = pool.alloc_slice::<u8>(12).unwrap();
    assert_eq!(pool.check(), Ok(()));
    let usable = pool.blocks().next().unwrap().bytes;
    let mut guard = low.lock();
    let end = guard.as_mut_ptr().wrapping_add(usable).cast::<u32>();
    // SAFETY: it is not; what is overwritten is the next block's header, in the same memory.
    let before = unsafe { end.replace(0xFFFF_FFFF) };
    let damage = pool.check().unwrap_err();
    assert!(damage.invariant > 0, "{damage}");
    // SAFETY: as above, and the pool is whole again.
    unsafe { end.write(before) };
    assert_eq!(pool.check(), Ok(()));
    drop(guard);
    drop(high);
}

// ------------------------------------------------------------------------------------------------------------ threads

#[test]
fn a_static_pool_is_handed_out_once() {
    static POOL: StaticPool<1024> = StaticPool::new();
    static TOO_SMALL: StaticPool<64> = StaticPool::new();

    let takers: Vec<_> = (0..4).map(|_| std::thread::spawn(|| POOL.take().is_ok())).collect();
    let taken = takers.into_iter().filter_map(|taker| taker.join().unwrap().then_some(())).count();
    assert_eq!(taken, 1);
    assert_eq!(POOL.take().unwrap_err(), Error::Taken);
    assert_eq!(TOO_SMALL.take().unwrap_err(), Error::InvalidSize);
    assert_eq!(TOO_SMALL.take().unwrap_err(), Error::InvalidSize, "what failed is not taken");
}

#[test]
fn threads_share_blocks() {
    static POOL: StaticPool<4096, CriticalSection> = StaticPool::new();

    let pool = POOL.get().unwrap();
    let shared = pool.alloc_slice_copy(&[1_u32, 2, 3]).unwrap();
    let mut own = pool.alloc_value(0_u32).unwrap();
    std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                for len in 0..2000_usize {
                    assert_eq!(*shared.read(), [1, 2, 3]);
                    drop(pool.alloc_slice::<u8>(len % 200));
                    pool.defrag();
                }
            });
        }
        let mut guard = own.lock();
        threads.spawn(move || *guard += 1); // a guard may end in another thread
    });
    assert_eq!(*own.lock(), 1);
    let sent = std::thread::spawn(move || shared.into_vec().pop()).join().unwrap();
    assert_eq!(sent, Some(3));
    drop(own);
    assert_eq!(pool.stats().live, 0);
}
