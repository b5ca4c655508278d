// SPDX-License-Identifier: MIT
//! A pool to look at: a summary, and a map of its blocks.

use core::fmt::{self, Write};

use crate::access::{Access, Local};
use crate::look::BlockInfo;
use crate::pool::Pool;

/// How many characters the map has.
const MAP_WIDTH: usize = 64;

/// Prints a pool, for people; made by [`Pool::display`]. `{}` prints a summary and a map, `{:#}` also a line for each block
/// and hole.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let picture: defrag::DisplayPool = pool.display();
/// println!("{picture}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DisplayPool<'p, A: Access = Local> {
    pool: &'p Pool<A>,
}

impl<A: Access> Pool<A> {
    /// Shows the pool. In the map each character stands for a 64th of the bytes: `.` if they are free, `#` if a block
    /// begins or goes on there, `L` if that block is locked. O(blocks).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc::<u32>()?;
    /// assert!(pool.display().to_string().contains("1 block"));
    /// println!("{:#}", pool.display());
    /// # Ok(())
    /// # }
    /// ```
    pub fn display(&self) -> DisplayPool<'_, A> {
        DisplayPool { pool: self }
    }
}

impl<A: Access> fmt::Display for DisplayPool<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.pool.stats();
        let plural = if stats.live == 1 { "" } else { "s" };
        writeln!(
            f,
            "{} bytes: {} block{plural} of {} bytes, {} locked; {} bytes free, in {} holes and the top",
            stats.pool_bytes, stats.live, stats.used, stats.locked, stats.free, stats.holes
        )?;
        writeln!(f, "fits {} bytes now, {} after moving", stats.largest_now, stats.largest_after_moving)?;
        let mut map = [b'.'; MAP_WIDTH];
        for block in self.pool.blocks().filter(|block| block.handle.is_some()) {
            let cell = |offset: usize| (offset * MAP_WIDTH / stats.pool_bytes).min(MAP_WIDTH - 1);
            let cells = &mut map[cell(block.offset)..=cell(block.offset + block.bytes - 1)];
            cells.fill(if block.locks != 0 { b'L' } else { b'#' });
        }
        f.write_char('[')?;
        map.iter().try_for_each(|&cell| f.write_char(cell.into()))?;
        f.write_char(']')?;
        if f.alternate() {
            self.pool.blocks().try_for_each(|block| write_line(f, &block))?;
        }
        Ok(())
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, block: &BlockInfo) -> fmt::Result {
    write!(f, "\n{:>8} {:>8}  ", block.offset, block.bytes)?;
    match block.handle {
        None => f.write_str("free"),
        Some(handle) if block.exclusive => write!(f, "{handle} locked"),
        Some(handle) if block.locks != 0 => write!(f, "{handle} locked by {} readers", block.locks),
        Some(handle) => write!(f, "{handle}"),
    }
}
