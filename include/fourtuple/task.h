// task: a coroutine of a process. Created lazily, started by os::spawn, destroyed when it ends or
// with its process. Frames come from the process (its first parameter must be an os, by value, or
// convert to one): no malloc in steady state. A task returns nothing and is never awaited: blocking
// operations are awaiters in its own frame (os.h), never nested coroutines.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

namespace fourtuple {

class os;
class process;

/// The tasks of one process, in order of their start; destroying the list destroys the frames, whose
/// awaiters cancel their waits.
class task_list;

class [[nodiscard]] task {
 public:
  struct promise_type;
  using handle = std::coroutine_handle<promise_type>;

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (handle_) handle_.destroy();
  }

  /// Gives the frame away; for os::spawn.
  handle release() { return std::exchange(handle_, {}); }

 private:
  explicit task(handle h) : handle_(h) {}
  handle handle_;
};

struct task_link {
  task_link* next = this;
  task_link* prev = this;
  void unlink() {
    prev->next = next;
    next->prev = prev;
    next = prev = this;
  }
  void insert_before(task_link& place) {
    prev = place.prev;
    next = &place;
    place.prev->next = this;
    place.prev = this;
  }
};

struct task::promise_type : task_link {
  task get_return_object() { return task{handle::from_promise(*this)}; }
  std::suspend_always initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void return_void() {}
  /// Programs of ours do not throw; what does is our bug and must reach the engine.
  void unhandled_exception() { std::rethrow_exception(std::current_exception()); }
  ~promise_type() { unlink(); }

  template <class... Rest>
  static void* operator new(std::size_t size, const os& host, Rest&&...);
  static void operator delete(void* frame, std::size_t size) noexcept;
};

class task_list {
 public:
  task_list() = default;
  task_list(const task_list&) = delete;
  task_list& operator=(const task_list&) = delete;
  ~task_list() { destroy_all(); }

  void adopt(task::promise_type& p) { p.insert_before(head_); }
  void destroy_all() {
    while (head_.next != &head_) {
      auto& p = static_cast<task::promise_type&>(*head_.next);
      task::handle::from_promise(p).destroy();
    }
  }

 private:
  task_link head_;
};

}  // namespace fourtuple
