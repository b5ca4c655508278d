// SPDX-License-Identifier: MIT
//! Programs as they were written for version 0.1: they must run unchanged.

use defrag::{Error, Mutex, Pool, Result, Slice, SliceMutex, Value};

/// What random use came to.
#[derive(Debug, Default)]
struct Figures {
    allocs: usize,
    defrags: usize,
    refusals: usize,
}

/// One owner of numbers in the pool, who keeps a copy to compare.
struct Buffer<'a> {
    pool: &'a Pool,
    numbers: Option<SliceMutex<'a, u32>>,
    expected: Vec<u32>,
}

impl<'a> Buffer<'a> {
    fn assert_as_expected(&mut self) {
        if let Some(numbers) = &mut self.numbers {
            assert_eq!(*numbers.lock(), *self.expected);
        }
    }

    fn fill(&mut self, random: &mut fastrand::Rng) {
        if let Some(numbers) = &mut self.numbers {
            self.expected.fill_with(|| random.u32(..));
            numbers.lock().copy_from_slice(&self.expected);
        }
    }

    fn alloc(&mut self, fast: bool, random: &mut fastrand::Rng, figures: &mut Figures) {
        let len = random.u16(..(self.pool.size() / 256) as u16);
        let first = if fast { self.pool.alloc_slice_fast(len) } else { self.pool.alloc_slice(len) };
        let answer = match first {
            Err(Error::Fragmented) => {
                figures.defrags += 1;
                self.pool.defrag();
                self.pool.alloc_slice(len)
            }
            other => other,
        };
        match answer {
            Ok(numbers) => {
                figures.allocs += 1;
                assert_eq!(*numbers.read(), *vec![0; len.into()]);
                self.numbers = Some(numbers);
                self.expected = vec![0; len.into()];
                self.fill(random);
            }
            Err(Error::OutOfMemory) => figures.refusals += 1,
            Err(error) => panic!("{len} numbers refused: {error:?}"),
        }
    }

    fn use_at_random(&mut self, fast: bool, random: &mut fastrand::Rng, figures: &mut Figures) {
        self.assert_as_expected();
        match (&self.numbers, random.u8(..11)) {
            (None, _) => self.alloc(fast, random, figures),
            (Some(_), 0) => self.pool.clean(),
            (Some(_), 1) => self.fill(random),
            (Some(_), _) => self.numbers = None,
        }
        self.assert_as_expected();
    }
}

fn use_at_random(fast: bool, loops: usize) -> Figures {
    let seed = std::env::var("DEFRAG_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().expect("a number"));
    println!("DEFRAG_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut figures = Figures::default();
    let pool = Pool::new(128 * 1024, 512, 50).expect("memory");
    let empty = || Buffer { pool: &pool, numbers: None, expected: vec![] };
    let mut buffers: Vec<Buffer> = (0..pool.len_indexes()).map(|_| empty()).collect();
    assert_eq!(buffers.len(), 512);
    for _ in 0..loops {
        buffers.iter_mut().for_each(|buffer| buffer.use_at_random(fast, &mut random, &mut figures));
        pool.check().expect("a pool that is whole");
    }
    println!("{}\n{figures:?}", pool.display());
    drop(buffers);
    assert_eq!(pool.stats().live, 0);
    figures
}

#[test]
fn random_use_never_sees_fragmentation() {
    let figures = use_at_random(false, 1000);
    assert!(figures.allocs > 10_000 && figures.refusals > 1000, "{figures:?}");
    assert_eq!(figures.defrags, 0);
}

#[test]
fn random_fast_use_defrags_and_goes_on() {
    let figures = use_at_random(true, 100);
    assert!(figures.allocs > 1000 && figures.defrags > 0, "{figures:?}");
}

/// Every name of 0.1, with the types written out.
fn old_program() -> Result<()> {
    let pool = Pool::new(4096, 50, 10)?;
    let mut number: Mutex<u64> = pool.alloc::<u64>()?;
    {
        let mut value: Value<u64> = number.lock();
        *value = 100;
    }
    let mut fast: Mutex<[u16; 8]> = pool.alloc_fast()?;
    fast.lock()[7] = 7;
    let len: u16 = 100;
    let mut slice: SliceMutex<u32> = pool.alloc_slice::<u32>(len)?;
    {
        let mut values: Slice<u32> = slice.lock();
        for (i, value) in values.iter_mut().enumerate() {
            *value = i as u32;
        }
    }
    let fast_slice: SliceMutex<u8> = pool.alloc_slice_fast(len)?;
    drop(fast_slice);
    pool.clean();
    pool.defrag();
    println!("{}", pool.display());
    assert_eq!(*number.lock(), 100);
    assert_eq!(fast.lock()[7], 7);
    assert!(slice.lock().iter().enumerate().all(|(i, &value)| value == i as u32));
    assert!(pool.size() >= 4096);
    assert_eq!(pool.len_indexes(), 50);
    match pool.alloc_slice::<u8>(u16::MAX) {
        Err(Error::InvalidSize) => {}
        Err(Error::Fragmented) | Err(Error::OutOfMemory) | Err(Error::OutOfIndexes) => panic!("it can never fit"),
        other => drop(other?),
    }
    Ok(())
}

#[test]
fn a_program_with_every_old_name_runs() {
    old_program().unwrap();
}

/// Both lifetimes of a guard can be named, as they could be.
fn increment<'a, 'mutex>(counter: &'a mut Mutex<'mutex, u32>) -> Value<'a, 'mutex, u32> {
    let mut value = counter.lock();
    *value += 1;
    value
}

#[test]
fn a_guard_can_be_returned() {
    let pool = Pool::new(512, 4, 1).unwrap();
    let mut counter = pool.alloc::<u32>().unwrap();
    increment(&mut counter);
    assert_eq!(*increment(&mut counter), 2);
}
