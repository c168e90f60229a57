#include "sim/host/byte_store.h"

#include <algorithm>

namespace fourtuple::host {
namespace {

constexpr char filler = 'x';

/// Copies what [from, from + bytes) and [at, at + length) share.
void overlay(wire::seq from, std::string_view bytes, wire::seq at, std::size_t length, char* to) {
  const std::int32_t shift = wire::distance(at, from);
  const std::size_t skip = shift < 0 ? static_cast<std::size_t>(-shift) : 0;
  const std::size_t place = shift > 0 ? static_cast<std::size_t>(shift) : 0;
  if (skip >= bytes.size() || place >= length) return;
  const std::size_t n = std::min(bytes.size() - skip, length - place);
  std::copy_n(bytes.data() + skip, n, to + place);
}

}  // namespace

void byte_store::append(wire::seq at, std::string_view bytes) {
  if (out_.empty()) out_at_ = at;
  out_.resize(static_cast<std::size_t>(wire::distance(out_at_, at)), filler);
  out_.append(bytes);
}

std::string byte_store::cut(wire::seq at, std::size_t length) const {
  std::string piece(length, filler);
  overlay(out_at_, out_, at, length, piece.data());
  return piece;
}

void byte_store::acknowledged(wire::seq una) {
  const std::int32_t done = wire::distance(out_at_, una);
  if (done <= 0) return;
  if (static_cast<std::size_t>(done) >= out_.size()) {
    out_.clear();
  } else if (done >= 4096) {
    out_.erase(0, static_cast<std::size_t>(done));
    out_at_ = una;
  }
}

void byte_store::store(wire::seq at, std::string_view bytes) {
  in_.push_back({at, std::string(bytes)});
}

void byte_store::read(wire::seq at, std::size_t length, char* to) {
  std::fill_n(to, length, filler);
  for (const chunk& c : in_) overlay(c.at, c.bytes, at, length, to);
  const auto end = at + static_cast<wire::seq>(length);
  std::erase_if(in_, [end](const chunk& c) {
    return wire::at_or_before(c.at + static_cast<wire::seq>(c.bytes.size()), end);
  });
}

}  // namespace fourtuple::host
