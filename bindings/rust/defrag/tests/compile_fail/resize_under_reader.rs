// SPDX-License-Identifier: MIT
// E0502: a slice that shrinks while somebody reads
fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let mut numbers = pool.alloc_slice::<u8>(9).unwrap();
    let reader = numbers.read();
    numbers.truncate(1);
    drop(reader);
}
