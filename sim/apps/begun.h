// begun: a task that runs from where it is called, up to its first wait, without spawn(). For
// coroutines of which there are a hundred thousand: to be made, to wait for a start and to be
// started are three ways into a frame, of which this takes one.
#pragma once

#include <fourtuple/os.h>

#include <coroutine>

namespace fourtuple::apps {

/// What such a call returns. The coroutine lives until it ends or its process does.
struct begun {
  struct promise_type : task::promise_type {
    /// From the coroutine's own parameters, as its frame is.
    template <class... Rest>
    explicit promise_type(const os& host, Rest&&...) {
      host.calls().tasks().adopt(*this);
    }
    begun get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
  };
};
// The list of tasks finds the frame by the promise.
static_assert(sizeof(begun::promise_type) == sizeof(task::promise_type) &&
              alignof(begun::promise_type) == alignof(task::promise_type));

}  // namespace fourtuple::apps
