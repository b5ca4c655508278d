// SPDX-License-Identifier: MIT
// E0599: a static pool of one thread got from any
use defrag::StaticPool;

static POOL: StaticPool<1024> = StaticPool::new();

fn main() {
    drop(POOL.get());
}
