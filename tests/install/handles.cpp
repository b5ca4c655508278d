// SPDX-License-Identifier: MIT
//
// What defrag.hpp promises, one function a promise. Prints the lines that do not hold.
#include <defrag.hpp>

#include <cstdio>

namespace
{

alignas(64) unsigned char memory[4096];
int failures;

void expect(bool holds, const char *what, int line)
{
    if (!holds) {
        std::printf("line %d: %s does not hold\n", line, what);
        failures++;
    }
}
#define EXPECT(condition) expect(static_cast<bool>(condition), #condition, __LINE__)

struct note {
    int priority = 3;
    char text[12] = {};
};

struct alignas(64) line {
    unsigned char bytes[64];
};

defrag::pool new_pool()
{
    defrag::pool made;
    EXPECT(made.init(memory, sizeof memory) == DEFRAG_OK);
    return made;
}

size_t live(const defrag::pool &pool)
{
    defrag_pool_stats stats = DEFRAG_STATS_INIT;
    EXPECT(pool.stats(stats) == DEFRAG_OK);
    EXPECT(pool.check() == DEFRAG_OK);
    return stats.live;
}

void a_block_is_freed_when_its_handle_ends()
{
    defrag::pool pool = new_pool();
    {
        defrag::handle<note> block;
        EXPECT(!block && live(pool) == 0);
        EXPECT(block.alloc(pool) == DEFRAG_OK);
        EXPECT(block && live(pool) == 1);
    }
    EXPECT(live(pool) == 0);
}

void a_block_holds_the_value_that_it_was_made_with()
{
    defrag::pool pool = new_pool();
    defrag::handle<note> by_default;
    defrag::handle<note> given;
    EXPECT(by_default.alloc(pool) == DEFRAG_OK);
    EXPECT(given.alloc(pool, note{ 7, "seven" }) == DEFRAG_OK);
    EXPECT(defrag::guard(by_default)->priority == 3);
    EXPECT((*defrag::shared_guard(given)).text[4] == 'n');
}

void moving_a_handle_moves_what_it_owns()
{
    defrag::pool pool = new_pool();
    defrag::handle<int[]> first;
    EXPECT(first.alloc(pool, 5) == DEFRAG_OK);
    defrag_handle name = first.get();
    defrag::handle<int[]> second(static_cast<defrag::handle<int[]> &&>(first));
    EXPECT(!first && first.size() == 0 && second.get() == name && second.size() == 5);

    defrag::handle<int[]> third;
    EXPECT(third.alloc(pool, 2) == DEFRAG_OK);
    third = static_cast<defrag::handle<int[]> &&>(second);
    EXPECT(!second && third.get() == name && third.size() == 5 && live(pool) == 1);

    defrag::handle<int[]> &same = third;
    third = static_cast<defrag::handle<int[]> &&>(same);
    EXPECT(third.get() == name);
}

void a_guard_locks_while_it_lives()
{
    defrag::pool pool = new_pool();
    defrag::handle<note> block;
    EXPECT(block.alloc(pool) == DEFRAG_OK);
    {
        defrag::guard writing(block);
        EXPECT(writing && writing.result() == DEFRAG_OK);
        defrag::guard refused(block);
        EXPECT(!refused && refused.result() == DEFRAG_LOCKED && refused.get() == nullptr);
        EXPECT(!defrag::shared_guard(block));
        EXPECT(block.free() == DEFRAG_LOCKED && block);
    }
    defrag::shared_guard reading(block);
    defrag::shared_guard along(block);
    EXPECT(reading && along && reading.get() == along.get());
    EXPECT(!defrag::guard(block));
}

void a_guard_without_a_block_is_false()
{
    defrag::handle<int> none;
    EXPECT(defrag::guard(none).result() == DEFRAG_INVALID_POOL);
    EXPECT(none.free() == DEFRAG_OK);
    defrag::handle<int[]> nothing;
    EXPECT(defrag::shared_guard(nothing).size() == 0);
}

void a_block_in_use_outlives_its_handle()
{
    defrag::pool pool = new_pool();
    defrag::handle<int> kept;
    EXPECT(kept.alloc(pool, 4) == DEFRAG_OK);
    defrag_handle name = kept.get();
    {
        defrag::guard value(kept);
        kept = defrag::handle<int>();
        EXPECT(!kept && *value == 4 && live(pool) == 1);
    }
    EXPECT(defrag::handle<int>(pool, name).free() == DEFRAG_OK && live(pool) == 0);
}

void an_array_is_filled_and_grows()
{
    defrag::pool pool = new_pool();
    defrag::handle<short[]> numbers;
    EXPECT(numbers.alloc(pool, 3, 2) == DEFRAG_OK);
    EXPECT(numbers.resize(6, 5) == DEFRAG_OK && numbers.size() == 6);
    int sum = 0;
    for (short number : defrag::shared_guard(numbers)) {
        sum += number;
    }
    EXPECT(sum == 3 * 2 + 3 * 5);
    EXPECT(numbers.resize(1) == DEFRAG_OK && numbers.size() == 1);
    defrag::guard<short[]> left(numbers);
    EXPECT(left.size() == 1 && left[0] == 2);
}

void what_does_not_fit_leaves_an_array_as_it_was()
{
    defrag::pool pool = new_pool();
    defrag::handle<int[]> numbers;
    EXPECT(numbers.alloc(pool, SIZE_MAX / 2) == DEFRAG_INVALID_SIZE && !numbers);
    EXPECT(numbers.alloc(pool, 0) == DEFRAG_INVALID_SIZE && !numbers);
    EXPECT(numbers.alloc(pool, 9, 1) == DEFRAG_OK);
    EXPECT(numbers.resize(SIZE_MAX / 2 + 2) == DEFRAG_INVALID_SIZE && numbers.size() == 9);
    EXPECT(numbers.resize(5000) != DEFRAG_OK && numbers.size() == 9 && defrag::guard(numbers)[8] == 1);
    defrag::guard<int[]> held(numbers);
    EXPECT(numbers.resize(10) == DEFRAG_LOCKED && numbers.alloc(pool, 1) == DEFRAG_LOCKED && numbers.size() == 9);
}

void blocks_keep_their_alignment_when_they_move()
{
    defrag::pool pool = new_pool();
    defrag::handle<int[]> before;
    defrag::handle<line> aligned;
    EXPECT(before.alloc(pool, 25) == DEFRAG_OK && aligned.alloc(pool, line{ { 1, 2, 3 } }) == DEFRAG_OK);
    EXPECT(before.free() == DEFRAG_OK && pool.compact() == DEFRAG_OK);
    defrag::shared_guard<line> seen(aligned);
    EXPECT(reinterpret_cast<uintptr_t>(seen.get()) % 64 == 0 && seen->bytes[2] == 3);
}

void a_pool_is_named_handed_on_and_ended()
{
    defrag::pool pool = new_pool();
    defrag::handle<int> block;
    EXPECT(block.alloc(pool, 1) == DEFRAG_OK);
    defrag_handle name = block.release();
    EXPECT(!block && live(pool) == 1);
    defrag::pool again;
    EXPECT(again.attach(memory, sizeof memory) == DEFRAG_OK && again.get() == pool.get());
    EXPECT(again.step(256, 16) == DEFRAG_OK);
    {
        defrag::handle<int> found(again, name);
        EXPECT(*defrag::shared_guard(found) == 1);
    }
    EXPECT(live(pool) == 0 && again.deinit() == DEFRAG_OK && pool.check() == DEFRAG_INVALID_POOL);
}

} // namespace

int main()
{
    a_block_is_freed_when_its_handle_ends();
    a_block_holds_the_value_that_it_was_made_with();
    moving_a_handle_moves_what_it_owns();
    a_guard_locks_while_it_lives();
    a_guard_without_a_block_is_false();
    a_block_in_use_outlives_its_handle();
    an_array_is_filled_and_grows();
    what_does_not_fit_leaves_an_array_as_it_was();
    blocks_keep_their_alignment_when_they_move();
    a_pool_is_named_handed_on_and_ended();
    return failures != 0;
}
