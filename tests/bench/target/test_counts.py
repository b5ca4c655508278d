# SPDX-License-Identifier: MIT
"""Tests that counts on emulated boards are exact and repeatable, and cycles those of the published timings."""

import pytest
from copyloop import cycles, loops, registers
from programs import Board
from target import WORKLOADS, pools_of

CORES = ("cortex-m0", "cortex-m3", "rv32imac")  # one for each way to count
COUNT = 200


@pytest.fixture(scope="module", params=CORES)
def board(request, tmp_path_factory):
    built = Board(request.param, tmp_path_factory.mktemp("boards"))
    built.build()
    return built


@pytest.mark.parametrize("workload", WORKLOADS)
def test_two_runs_count_the_same(board, workload):
    task = ("calls", workload, pools_of(board.name, False)[0], COUNT)
    assert board.measure("defrag", *task) == board.measure("defrag", *task)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_heap_gets_the_same_requests(board, workload):
    for heap in board.heaps:
        for record in board.measure(heap, "calls", workload, pools_of(board.name, False)[0], COUNT):
            assert record["alloc"]["calls"] + record["alloc refused"]["calls"] == COUNT


def test_instructions_are_counted_one_by_one_or_not_at_all(board):
    with pytest.raises(Exception, match="exit status 1"):
        board.measure("defrag", "copy", pools_of(board.name, False)[0], 8, counted=False)


def test_the_same_code_counts_the_same_by_the_timers_of_two_boards(tmp_path):
    boards = [Board(name, tmp_path) for name in ("cortex-m0", "cortex-m0@cortex-m3")]
    for board in boards:
        board.build()
    small, large = (board.measure("defrag", "calls", "strings", 6, COUNT) for board in boards)
    for record in (*small, *large):
        del record["overhead"]  # which differs with the address of the timer
    assert small == large


def test_a_known_loop_takes_the_cycles_of_the_table():
    texts = [
        ("ldmia", "r0!, {r3, r4, r5, r6}"),
        ("stmia", "r1!, {r3-r6}"),
        ("subs", "r2, #16"),
        ("bne", "10 <copy>"),
        ("ldr", "r3, [r0]"),
        ("bx", "lr"),
    ]
    code = [(16 + 2 * i, what, operands) for i, (what, operands) in enumerate(texts)]
    (path,) = loops(code)
    assert path == [0, 1, 2, 3]
    assert cycles(code, path, 3) == (1 + 4) + (1 + 4) + 1 + 3


@pytest.mark.parametrize(("operands", "count"), [("{r0}", 1), ("r0!, {r0, r2, r3}", 3), ("sp!, {r4-r7, lr}", 5)])
def test_registers_of_a_list_are_counted(operands, count):
    assert registers(operands) == count
