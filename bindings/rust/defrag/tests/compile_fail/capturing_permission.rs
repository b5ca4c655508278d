// SPDX-License-Identifier: MIT
// E0597: a trait object that keeps a permission, which has no size, beyond its end
use core::any::Any;
use core::marker::PhantomData;

/// As critical_section::CriticalSection is one.
#[derive(Clone, Copy)]
struct Permission<'a>(PhantomData<&'a ()>);

impl<'a> Permission<'a> {
    fn while_borrowed(_: &'a u8) -> Self {
        Self(PhantomData)
    }
}

fn main() {
    let pool = defrag::Pool::new(1024, 8, 0).unwrap();
    let thing = {
        let section = 0;
        let permission = Permission::while_borrowed(&section);
        let number = pool.alloc_value(5).unwrap();
        number.into_dyn::<dyn Any>(
            move |number| {
                let _uses = permission;
                number
            },
            |number| number,
        )
    };
    drop(thing.read());
}
