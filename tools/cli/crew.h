// Files at a time: work on several threads, results in the order of the files.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace fourtuple::cli {

/// Does `one(i)` for every i below `count` on `jobs` threads (in this one where that is 1) and
/// hands out the results in order, each as soon as it and all before it are there.
template <class Result>
class crew {
 public:
  crew(std::size_t count, std::size_t jobs, std::function<Result(std::size_t)> one)
      : jobs_(std::min(jobs, count)), one_(std::move(one)), done_(count) {}

  void run(const std::function<void(const Result&)>& ready) {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; jobs_ > 1 && i < jobs_; ++i) workers.emplace_back([this] { work(); });
    for (std::size_t i = 0; i < done_.size(); ++i) {
      if (jobs_ <= 1) done_[i] = std::make_unique<Result>(one_(i));
      std::unique_lock lock(mutex_);
      finished_.wait(lock, [&] { return done_[i] != nullptr; });
      lock.unlock();
      ready(*done_[i]);
    }
  }

  [[nodiscard]] std::vector<Result> release() {
    std::vector<Result> out;
    for (auto& r : done_) out.push_back(std::move(*r));
    return out;
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < done_.size(); i = next_++) {
      auto result = std::make_unique<Result>(one_(i));
      const std::scoped_lock lock(mutex_);
      done_[i] = std::move(result);
      finished_.notify_all();
    }
  }

  std::size_t jobs_;
  std::function<Result(std::size_t)> one_;
  std::vector<std::unique_ptr<Result>> done_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable finished_;
};

}  // namespace fourtuple::cli
