// Bytes on their way. Most payload is counted and never exists; what an application looks at travels
// as a buffer of this pool, named by an id in the segment. One pool per world.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fourtuple::wire {

/// Ids are reused after release(); id 0 is "no bytes" and never given out. A copy of a segment (a
/// duplicate on a link) needs share().
class payload_pool {
 public:
  payload_pool() : entries_(1) {}

  std::uint32_t put(std::string bytes) {
    if (free_.empty()) {
      entries_.push_back({});
      free_.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
    }
    const std::uint32_t id = free_.back();
    free_.pop_back();
    entries_[id] = {std::move(bytes), 1};
    return id;
  }
  [[nodiscard]] std::string_view at(std::uint32_t id) const { return entries_[id].bytes; }
  void share(std::uint32_t id) {
    if (id != 0) ++entries_[id].users;
  }
  void release(std::uint32_t id) {
    if (id != 0) release_bytes(id);
  }

  /// The bytes of two neighbours that become one segment, in place of both; those that nobody wrote
  /// down read as filler, as in host::byte_store.
  [[nodiscard, gnu::noinline]] std::uint32_t joined(std::uint32_t first, std::uint32_t first_length,
                                                    std::uint32_t second,
                                                    std::uint32_t second_length) {
    if (first == 0 && second == 0) return 0;
    std::string bytes(first != 0 ? at(first) : std::string_view{});
    bytes.resize(first_length, 'x');
    if (second != 0) bytes += at(second);
    bytes.resize(first_length + second_length, 'x');
    release(first);
    release(second);
    return put(std::move(bytes));
  }

 private:
  [[gnu::noinline]] void release_bytes(std::uint32_t id) {
    if (--entries_[id].users != 0) return;
    entries_[id].bytes = {};
    free_.push_back(id);
  }
  struct entry {
    std::string bytes;
    std::uint32_t users = 0;
  };
  std::vector<entry> entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace fourtuple::wire
