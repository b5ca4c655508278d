# SPDX-License-Identifier: MIT
"""Random calls, with views kept where they should not be, against a model that holds nothing but contents.

Whatever looks at a block must show at any time what was written last, although the pool does its best to move it.
"""

import contextlib
import ctypes
import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from defrag import Block, Fit, LockedError, NoRoomError, Pool, TooManyLocksError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

Make = Callable[[memoryview], Any]

# What is made of a view, and which part of the view that is.
LEFTOVERS: list[tuple[Make, slice]] = [
    (lambda view: view[1:], slice(1, None)),
    (lambda view: view[::3], slice(None, None, 3)),
    (lambda view: view.cast("b").cast("B")[:5], slice(5)),
    (memoryview, slice(None)),
    (lambda view: memoryview(view.obj).cast("B"), slice(None)),
    (lambda view: np.frombuffer(view, np.uint8), slice(None)),
    (lambda view: np.asarray(view)[2:][::2], slice(2, None, 2)),
    (lambda view: (ctypes.c_ubyte * 2).from_buffer(view, 1), slice(1, 3)),
]

indices = st.integers(0, 1 << 16)
fits = st.sampled_from(Fit)


@dataclass
class Known:
    """A block of the model."""

    block: Block
    content: bytearray
    aligned: bool
    pinned: bool
    exclusive: bool = False  # something left of an exclusive lock looks at it


@dataclass
class Leftover:
    """Something that looks at a block although its lock should have ended."""

    seen: Any
    part: slice
    content: bytearray  # the block's, in the model
    writable: bool
    elsewhere: bool = False  # in a pool that is gone


@dataclass
class Image:
    snapshot: bytes
    blocks: dict[int, tuple[bytes, bool, bool]]  # by handle: content, aligned, pinned


class Model(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.known: list[Known] = []
        self.leftovers: list[Leftover] = []
        self.images: list[Image] = []

    @initialize(width=st.sampled_from([16, 32]), size=st.integers(80, 500))
    def make_pool(self, width: int, size: int) -> None:
        self.width = width
        self.pool = Pool(8 * size, width)

    # ------------------------------------------------------------------------------------------------------ helpers

    def pick(self, index: int) -> Known:
        return self.known[index % len(self.known)]

    def left_of(self, known: Known) -> list[Leftover]:
        return [leftover for leftover in self.leftovers if leftover.content is known.content]

    def fails_if(self, condition: bool, call: Callable[[], object]) -> bool:
        """Whether the call succeeded, as it must unless the condition holds."""
        if condition:
            with pytest.raises(LockedError):
                call()
            return False
        call()
        return True

    # -------------------------------------------------------------------------------------------------------- rules

    @rule(
        size=st.integers(1, 300),
        fit=fits,
        align=st.sampled_from([0, 0, 0, 8, 64, 256]),
        zeroed=st.booleans(),
        pinned=st.sampled_from([False, False, False, True]),
    )
    def alloc(self, size: int, fit: Fit, align: int, zeroed: bool, pinned: bool) -> None:
        free = self.pool.stats().free
        simple = fit is Fit.MAKE_ROOM and align <= 8 and not self.pool.stats().locked
        try:
            block = self.pool.alloc(size, fit=fit, align=align, zeroed=zeroed, pinned=pinned)
        except NoRoomError:
            spared = any(known.aligned for known in self.known)
            assert not simple or spared or free < size + 4 * self.width, "the promise of MAKE_ROOM"
            return
        known = Known(block, bytearray(size), align > 8, pinned)
        with block.lock() as view:
            assert not zeroed or bytes(view) == bytes(size)
            view[:] = known.content
        self.known.append(known)

    @precondition(lambda self: self.known)
    @rule(index=indices, value=st.integers(0, 255), start=st.integers(0, 300))
    def write(self, index: int, value: int, start: int) -> None:
        known = self.pick(index)

        def act() -> None:
            with known.block.lock() as view:
                view[start:] = bytes([value]) * len(view[start:])
            known.content[start:] = bytes([value]) * len(known.content[start:])

        self.fails_if(bool(self.left_of(known)), act)

    @precondition(lambda self: self.known)
    @rule(index=indices, how=st.sampled_from(LEFTOVERS), exclusive=st.booleans(), ended=st.booleans())
    def keep(self, index: int, how: tuple[Make, slice], exclusive: bool, ended: bool) -> None:
        known, (make, part) = self.pick(index), how
        writable_only = how is LEFTOVERS[-1]
        exclusive = exclusive or writable_only
        if len(known.content) < 4:
            return
        left = self.left_of(known)
        try:
            lock = known.block.lock() if exclusive else known.block.read()
        except LockedError:
            assert known.exclusive or (exclusive and left)
            return
        except TooManyLocksError:
            assert len(left) + known.pinned == 12
            return
        assert not left or not (exclusive or known.exclusive)
        known.exclusive = exclusive
        self.leftovers.append(Leftover(make(lock.view), part, known.content, exclusive))
        if ended:
            with pytest.raises(BufferError):
                lock.unlock()

    @precondition(lambda self: self.leftovers)
    @rule(index=indices)
    def let_a_leftover_go(self, index: int) -> None:
        leftover = self.leftovers.pop(index % len(self.leftovers))
        for known in self.known:
            known.exclusive = known.exclusive and bool(self.left_of(known))
        del leftover

    @precondition(lambda self: self.leftovers)
    @rule(index=indices, value=st.integers(0, 255))
    def write_through_a_leftover(self, index: int, value: int) -> None:
        leftover = self.leftovers[index % len(self.leftovers)]
        if not leftover.writable:
            return
        leftover.seen[0] = value
        leftover.content[leftover.part.start or 0] = value

    @precondition(lambda self: self.known)
    @rule(index=indices)
    def free(self, index: int) -> None:
        known = self.pick(index)
        if self.fails_if(bool(self.left_of(known)), known.block.free):
            self.known.remove(known)

    @precondition(lambda self: self.known)
    @rule(index=indices)
    def drop(self, index: int) -> None:
        self.known.pop(index % len(self.known))

    @precondition(lambda self: self.known)
    @rule(index=indices, size=st.integers(1, 400), fit=fits)
    def resize(self, index: int, size: int, fit: Fit) -> None:
        known = self.pick(index)

        def act() -> None:
            before = len(known.content)
            known.block.resize(size, fit=fit)
            del known.content[size:]
            if size > before:
                with known.block.lock() as view:
                    view[before:] = bytes(size - before)
                known.content += bytes(size - before)

        with contextlib.suppress(NoRoomError):
            self.fails_if(known.pinned or bool(self.left_of(known)), act)

    @precondition(lambda self: any(known.pinned for known in self.known))
    @rule(index=indices)
    def unpin(self, index: int) -> None:
        pinned = [known for known in self.known if known.pinned]
        known = pinned[index % len(pinned)]
        if self.fails_if(known.exclusive, known.block.unpin):
            known.pinned = False

    @rule()
    def compact(self) -> None:
        self.pool.compact()

    @rule(max_bytes=st.integers(0, 1000), max_blocks=st.integers(0, 50))
    def step(self, max_bytes: int, max_blocks: int) -> None:
        self.pool.step(max_bytes, max_blocks)

    @rule()
    def clean(self) -> None:
        self.pool.clean()

    @rule()
    def snapshot(self) -> None:
        def act() -> None:
            blocks = {k.block.handle: (bytes(k.content), k.aligned, k.pinned) for k in self.known}
            self.images.append(Image(self.pool.snapshot(), blocks))

        self.fails_if(self.watched(), act)

    @precondition(lambda self: self.images)
    @rule(index=indices)
    def restore(self, index: int) -> None:
        image = self.images[index % len(self.images)]
        before = {known.block.handle: known.block for known in self.known}
        if not self.fails_if(self.watched(), lambda: self.pool.restore(image.snapshot)):
            return
        for handle, block in before.items():
            assert bool(block) is (handle in image.blocks)
        self.known = []
        for handle, (content, aligned, pinned) in image.blocks.items():
            block = self.pool.block(handle)
            assert before.get(handle, block) is block
            with block.lock() as view:
                size = min(len(view), len(content))
                assert view[:size] == content[:size]
                view[size:] = bytes(len(view) - size)
            self.known.append(Known(block, bytearray(content[:size].ljust(len(block), b"\0")), aligned, pinned))

    @rule()
    def drop_the_pool(self) -> None:
        del self.pool
        for leftover in self.leftovers:
            leftover.elsewhere = True
        self.known.clear()
        self.images.clear()
        gc.collect(0)
        self.make_pool(self.width, 200)

    # --------------------------------------------------------------------------------------------------- invariants

    def watched(self) -> bool:
        return bool(self.pool._heap.views)

    @invariant()
    def what_is_left_shows_what_was_written(self) -> None:
        for leftover in self.leftovers:
            assert bytes(leftover.seen) == leftover.content[leftover.part]

    @invariant()
    def blocks_hold_what_was_written(self) -> None:
        for known in self.known:
            assert len(known.block) == len(known.content)
            assert known.block.pinned is known.pinned
            if known.exclusive or len(self.left_of(known)) + known.pinned >= 12:
                continue
            with known.block.read() as view:
                assert bytes(view) == known.content

    @precondition(lambda self: hasattr(self, "pool"))
    @invariant()
    def the_pool_is_whole(self) -> None:
        self.pool.check()

    @precondition(lambda self: hasattr(self, "pool"))
    @invariant()
    def blocks_live_while_they_are_used(self) -> None:
        used = {id(known.content) for known in self.known}
        used |= {id(leftover.content) for leftover in self.leftovers if not leftover.elsewhere}
        assert self.pool.stats().live == len(used)


Model.TestCase.settings = settings(max_examples=600, stateful_step_count=50)
TestModel = Model.TestCase
