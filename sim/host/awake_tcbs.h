// The control blocks of one host: every socket has one but for the connections at rest, which are
// packed (sim/tcp/resting.h) when others need theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/tcp/tcb.h"

namespace fourtuple::host {

/// Grows by chunks; addresses are stable.
class awake_tcbs {
 public:
  /// One for that socket. What it says has no meaning yet.
  tcp::tcb* take(std::uint32_t socket) {
    if (free_ == nullptr) [[unlikely]]
      grow();
    place* const p = free_;
    free_ = p->next_free;
    p->socket = socket;
    ++size_;
    return &p->tcb;
  }
  void give_back(tcp::tcb* t) {
    place* const p = reinterpret_cast<place*>(t);
    p->socket = 0;
    p->next_free = free_;
    free_ = p;
    --size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The sockets one after the other, round and round; 0 where a place is free. Not where there is
  /// none.
  [[nodiscard]] std::uint32_t next() {
    if (++hand_ >= chunks_.size() * chunk_size) hand_ = 0;
    return chunks_[hand_ / chunk_size][hand_ % chunk_size].socket;
  }

 private:
  static constexpr std::size_t chunk_size = 4;  // hosts are many and most have few sockets
  struct place {
    tcp::tcb tcb;  ///< first: a pointer to it is one to the place
    std::uint32_t socket = 0;
    place* next_free = nullptr;
  };
  [[gnu::noinline]] void grow() {
    chunks_.push_back(std::make_unique<place[]>(chunk_size));
    for (std::size_t i = chunk_size; i != 0; --i) {
      place& p = chunks_.back()[i - 1];
      p.next_free = free_;
      free_ = &p;
    }
  }

  std::vector<std::unique_ptr<place[]>> chunks_;
  place* free_ = nullptr;  ///< the last given back first: it is still in the cache
  std::size_t size_ = 0;
  std::size_t hand_ = 0;
};

}  // namespace fourtuple::host
