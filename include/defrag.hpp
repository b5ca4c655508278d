/* SPDX-License-Identifier: MIT
 *
 * defrag for C++17: blocks that are freed, and locks that are given up, when what holds them ends.
 *
 *   defrag::pool pool;                      names a pool; owns no memory
 *   defrag::handle<T>, defrag::handle<T[]>  owns a block: one T, or as many as you ask for; moves, but does not copy
 *   defrag::guard<T>, ..<T[]>               locks a block while it lives, to read and write
 *   defrag::shared_guard<T>, ..<T[]>        the same along with others, to read
 *
 * Nothing throws, and nothing of the C++ library is needed, so that this also serves -fno-exceptions, -fno-rtti and
 * toolchains that come without one. What can fail returns the status of the C call that it makes; a guard is false if its
 * lock was refused. The rules of defrag.h hold, as to threads and interrupts too, and its calls take what get() returns.
 *
 * The pool moves a block by copying its bytes, so only types that may be copied so can live in one. A handle must not
 * outlive its pool. A block that is locked when its handle ends stays allocated: a guard's address never dangles. */
#ifndef DEFRAG_HPP
#define DEFRAG_HPP

#include "defrag.h"

namespace defrag
{

using status = defrag_status;
using fit = defrag_fit;

/* Names a pool, as a pointer does: copies name the same one. */
class pool
{
  public:
    pool() noexcept = default;

    explicit pool(defrag_pool *made) noexcept : made_(made)
    {
    }

    [[nodiscard]] status init(void *memory, size_t bytes, const defrag_config *config = nullptr) noexcept
    {
        return defrag_init(memory, bytes, config, &made_);
    }

    [[nodiscard]] status attach(void *memory, size_t bytes) noexcept
    {
        return defrag_attach(memory, bytes, &made_);
    }

    [[nodiscard]] status deinit() noexcept
    {
        return defrag_deinit(made_);
    }

    status step(size_t max_bytes, size_t max_blocks, defrag_progress *progress = nullptr) noexcept
    {
        return defrag_step(made_, max_bytes, max_blocks, progress);
    }

    status compact() noexcept
    {
        return defrag_compact(made_);
    }

    [[nodiscard]] status stats(defrag_pool_stats &filled) const noexcept
    {
        return defrag_stats(made_, &filled);
    }

    [[nodiscard]] status check() const noexcept
    {
        return defrag_check(made_, nullptr);
    }

    [[nodiscard]] defrag_pool *get() const noexcept
    {
        return made_;
    }

  private:
    defrag_pool *made_ = nullptr;
};

namespace detail
{

/* What handles of all types have in common, so that it is compiled once. */
class owner
{
  public:
    owner(const owner &) = delete;
    owner &operator=(const owner &) = delete;

    /* Frees the block, if there is one. LOCKED: it is in use, and kept. */
    status free() noexcept
    {
        if (!*this) {
            return DEFRAG_OK;
        }
        status freed = defrag_free(pool_, handle_);
        if (freed == DEFRAG_OK) {
            handle_ = DEFRAG_NO_HANDLE;
        }
        return freed;
    }

    /* Gives the block up without freeing it. */
    [[nodiscard]] defrag_handle release() noexcept
    {
        defrag_handle released = handle_;
        handle_ = DEFRAG_NO_HANDLE;
        return released;
    }

    [[nodiscard]] defrag_handle get() const noexcept
    {
        return handle_;
    }

    [[nodiscard]] defrag_pool *pool() const noexcept
    {
        return pool_;
    }

    /* Whether there is a block. */
    explicit operator bool() const noexcept
    {
        return handle_ != DEFRAG_NO_HANDLE;
    }

  protected:
    owner() noexcept = default;

    owner(defrag_pool *pool, defrag_handle handle) noexcept : pool_(pool), handle_(handle)
    {
    }

    owner(owner &&other) noexcept : pool_(other.pool_), handle_(other.release())
    {
    }

    owner &operator=(owner &&other) noexcept
    {
        if (this != &other) {
            (void)free();
            pool_ = other.pool_;
            handle_ = other.release();
        }
        return *this;
    }

    ~owner()
    {
        (void)free();
    }

    /* Frees the block, and takes one for `count` elements instead. */
    status take(defrag_pool *pool, size_t count, size_t bytes, size_t alignment, fit how) noexcept
    {
        defrag_request request = DEFRAG_REQUEST_INIT;
        status freed = free();

        if (freed != DEFRAG_OK) {
            return freed;
        }
        if (count > SIZE_MAX / bytes) {
            return DEFRAG_INVALID_SIZE;
        }
        request.bytes = count * bytes;
        request.alignment = alignment;
        request.fit = how;
        pool_ = pool;
        return defrag_alloc_with(pool, &request, &handle_);
    }

    /* Sets the elements from one up to another. */
    template <typename T> status fill(size_t from, size_t to, const T &value) noexcept
    {
        void *address = nullptr;
        status locked = defrag_lock(pool_, handle_, &address);

        if (locked != DEFRAG_OK) {
            return locked;
        }
        for (size_t i = from; i < to; i++) {
            __builtin_memcpy(static_cast<unsigned char *>(address) + i * sizeof(T), &value, sizeof(T));
        }
        return defrag_unlock(pool_, handle_);
    }

  private:
    defrag_pool *pool_ = nullptr;
    defrag_handle handle_ = DEFRAG_NO_HANDLE;
};

template <typename T> constexpr size_t alignment_of() noexcept
{
    static_assert(__is_trivially_copyable(T), "the pool moves blocks by copying their bytes");
    static_assert(alignof(T) <= DEFRAG_MAX_ALIGNMENT, "no block is aligned so far");
    return alignof(T) <= 8 ? 0 : alignof(T); /* the smallest granule is 8 */
}

} // namespace detail

/* Owns a block that holds a T. */
template <typename T> class handle : public detail::owner
{
  public:
    handle() noexcept = default;

    /* Owns a block of C calls, which must be one for a T. */
    handle(defrag::pool from, defrag_handle block) noexcept : owner(from.get(), block)
    {
    }

    /* Takes a block for a T, and copies `value` there. A block that is owned already is freed first. */
    [[nodiscard]] status alloc(defrag::pool from, const T &value = T(), fit how = DEFRAG_MAKE_ROOM) noexcept
    {
        status taken = take(from.get(), 1, sizeof(T), detail::alignment_of<T>(), how);
        return taken == DEFRAG_OK ? fill(0, 1, value) : taken;
    }
};

/* Owns a block that holds an array. */
template <typename T> class handle<T[]> : public detail::owner
{
  public:
    handle() noexcept = default;

    handle(defrag::pool from, defrag_handle block, size_t elements) noexcept : owner(from.get(), block), size_(elements)
    {
    }

    handle(handle &&other) noexcept : owner(static_cast<owner &&>(other)), size_(other.size_)
    {
    }

    handle &operator=(handle &&other) noexcept
    {
        owner::operator=(static_cast<owner &&>(other));
        size_ = other.size_;
        return *this;
    }

    /* Takes a block for `count` elements, each a copy of `value`. A block that is owned already is freed first. */
    [[nodiscard]] status alloc(defrag::pool from, size_t count, const T &value = T(),
                               fit how = DEFRAG_MAKE_ROOM) noexcept
    {
        status taken = take(from.get(), count, sizeof(T), detail::alignment_of<T>(), how);
        if (taken == DEFRAG_OK) {
            size_ = count;
            taken = fill(0, count, value);
        }
        return taken;
    }

    /* Changes the number of elements, of which new ones become copies of `value`. */
    [[nodiscard]] status resize(size_t count, const T &value = T(), fit how = DEFRAG_MAKE_ROOM) noexcept
    {
        if (count > SIZE_MAX / sizeof(T)) {
            return DEFRAG_INVALID_SIZE;
        }
        status resized = defrag_resize(pool(), get(), count * sizeof(T), how);
        if (resized == DEFRAG_OK) {
            resized = count > size_ ? fill(size_, count, value) : resized;
            size_ = count;
        }
        return resized;
    }

    /* The number of elements. */
    [[nodiscard]] size_t size() const noexcept
    {
        return *this ? size_ : 0;
    }

  private:
    size_t size_ = 0;
};

namespace detail
{

/* A lock that was asked for. */
struct lock {
    status result;
    void *address;
};

inline lock exclusive(const owner &block) noexcept
{
    void *address = nullptr;
    status result = defrag_lock(block.pool(), block.get(), &address);
    return { result, address };
}

inline lock shared(const owner &block) noexcept
{
    const void *address = nullptr;
    status result = defrag_lock_shared(block.pool(), block.get(), &address);
    return { result, const_cast<void *>(address) };
}

/* What guards of all types have in common. */
class holder
{
  public:
    holder(const holder &) = delete;
    holder &operator=(const holder &) = delete;

    /* What the lock was answered. */
    [[nodiscard]] status result() const noexcept
    {
        return lock_.result;
    }

    /* Whether the block is locked. */
    explicit operator bool() const noexcept
    {
        return lock_.result == DEFRAG_OK;
    }

  protected:
    holder(const owner &block, lock taken) noexcept : pool_(block.pool()), handle_(block.get()), lock_(taken)
    {
    }

    ~holder()
    {
        if (*this) {
            (void)defrag_unlock(pool_, handle_);
        }
    }

    void *address() const noexcept
    {
        return lock_.address;
    }

  private:
    defrag_pool *pool_;
    defrag_handle handle_;
    lock lock_;
};

/* What a guard shows: an object, or an array. */
template <typename T> class view : public holder
{
  public:
    [[nodiscard]] T *get() const noexcept
    {
        return static_cast<T *>(address());
    }

    T &operator*() const noexcept
    {
        return *get();
    }

    T *operator->() const noexcept
    {
        return get();
    }

  protected:
    view(const owner &block, lock taken) noexcept : holder(block, taken)
    {
    }
};

template <typename T> class view<T[]> : public holder
{
  public:
    [[nodiscard]] T *get() const noexcept
    {
        return static_cast<T *>(address());
    }

    T &operator[](size_t index) const noexcept
    {
        return get()[index];
    }

    [[nodiscard]] T *begin() const noexcept
    {
        return get();
    }

    [[nodiscard]] T *end() const noexcept
    {
        return get() + size_;
    }

    [[nodiscard]] size_t size() const noexcept
    {
        return size_;
    }

  protected:
    template <typename Block>
    view(const Block &block, lock taken) noexcept : holder(block, taken), size_(*this ? block.size() : 0)
    {
    }

  private:
    size_t size_;
};

} // namespace detail

/* Locks a block exclusively while it lives. Ask whether it is true before using it. */
template <typename T> class guard : public detail::view<T>
{
  public:
    explicit guard(handle<T> &block) noexcept : detail::view<T>(block, detail::exclusive(block))
    {
    }
};

/* Locks a block for reading, along with others. Ask whether it is true before using it. */
template <typename T> class shared_guard : public detail::view<const T>
{
  public:
    explicit shared_guard(const handle<T> &block) noexcept : detail::view<const T>(block, detail::shared(block))
    {
    }
};

} // namespace defrag

#endif
