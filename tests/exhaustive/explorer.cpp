#include "tests/exhaustive/explorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>

namespace fourtuple::exhaustive {
namespace {

/// 128 bits of a state's bytes. Of ten million states, two share them with a chance of 10^-25.
struct fingerprint {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  friend bool operator==(const fingerprint&, const fingerprint&) = default;
};

fingerprint fingerprint_of(const std::string& bytes) {
  std::uint64_t a = 0x9e3779b97f4a7c15ULL ^ bytes.size();
  std::uint64_t b = 0xc2b2ae3d27d4eb4fULL;
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    a = (a ^ word) * 0xbf58476d1ce4e5b9ULL;
    a ^= a >> 29;
    b = (b + word) * 0x94d049bb133111ebULL;
    b ^= b >> 32;
  }
  a = (a ^ (b >> 7)) * 0x2545f4914f6cdd1dULL;
  b = (b ^ (a >> 31)) * 0xd6e8feb86659fd93ULL;
  return {a ^ (a >> 33), b ^ (b >> 30)};
}

/// Fingerprint -> number of the state, in order of discovery.
class numbering {
 public:
  /// The number, and whether it is new.
  std::pair<std::uint32_t, bool> number(const fingerprint& f) {
    if ((all_.size() + 1) * 2 > slots_.size()) grow();
    std::size_t at = f.a & (slots_.size() - 1);
    while (slots_[at] != 0) {
      if (all_[slots_[at] - 1] == f) return {slots_[at] - 1, false};
      at = (at + 1) & (slots_.size() - 1);
    }
    all_.push_back(f);
    slots_[at] = static_cast<std::uint32_t>(all_.size());
    return {slots_[at] - 1, true};
  }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  void grow() {
    slots_.assign(std::max<std::size_t>(1024, slots_.size() * 2), 0);
    for (std::size_t i = 0; i < all_.size(); ++i) {
      std::size_t at = all_[i].a & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
  }
  std::vector<fingerprint> all_;
  std::vector<std::uint32_t> slots_;
};

struct way {
  std::uint32_t from = 0;
  event by;
};

struct edge {
  std::uint32_t from;
  std::uint32_t to;
};

class search {
 public:
  search(const setting& s, const machine& m, const bounds& b) : model_(s, m), bounds_(b) {}

  findings run() {
    joint first = model_.start();
    canonicalize(first, model_.given());
    visit(std::move(first), {});
    std::uint32_t here = 0;
    for (; !frontier_.empty() && found_.complaint.empty(); ++here) {
      const joint j = std::move(frontier_.front());
      frontier_.pop_front();
      expand(here, j);
      if (numbers_.size() > bounds_.most_states) return finish(false);
    }
    if (found_.complaint.empty()) find_the_endless();
    return finish(found_.complaint.empty());
  }

 private:
  std::uint32_t visit(joint&& j, const way& how) {
    encode(j, bytes_);
    const auto [number, is_new] = numbers_.number(fingerprint_of(bytes_));
    if (!is_new) return number;
    ways_.push_back(how);
    over_.push_back(is_over(j));
    note(j);
    if (const auto c = broken_invariant(j, model_)) complain(*c, trace(number, nullptr));
    frontier_.push_back(std::move(j));
    return number;
  }

  void note(const joint& j) {
    const tcp::state a = state_of(j.peers[0]);
    const tcp::state b = state_of(j.peers[1]);
    ++found_.in_state[static_cast<std::size_t>(a)];
    if (a != b) ++found_.in_state[static_cast<std::size_t>(b)];
    found_.both_in_time_wait += a == tcp::state::time_wait && b == a ? 1 : 0;
    found_.over += is_over(j) ? 1 : 0;
  }

  void expand(std::uint32_t here, const joint& j) {
    model_.events(j, events_);
    report r;
    for (const event& e : events_) {
      ++found_.steps;
      joint next = model_.after(j, e, r);
      for (std::size_t p = 0; p < 2; ++p)
        found_.arrows[static_cast<std::size_t>(state_of(j.peers[p]))]
                     [static_cast<std::size_t>(state_of(next.peers[p]))] = true;
      auto c = time_wait_misplaced(j, e, next, r);
      if (!c) c = no_such_arrow(j, next);
      if (!c) c = unanswered(j, e, next, r);
      if (!c) c = invented(next, e, r);
      if (c) return complain(*c, trace(here, &e));
      const std::uint32_t there = visit(std::move(next), {here, e});
      if (is_fair(e) && there != here) edges_.push_back({here, there});
      if (!found_.complaint.empty()) return;
    }
  }

  /// Backwards from the states that are over, along fair steps: who is not met never ends.
  void find_the_endless() {
    const std::size_t n = numbers_.size();
    std::vector<std::uint32_t> first(n + 1, 0);
    for (const edge& e : edges_) ++first[e.to + 1];
    for (std::size_t i = 0; i < n; ++i) first[i + 1] += first[i];
    std::vector<std::uint32_t> sources(edges_.size());
    std::vector<std::uint32_t> fill(first.begin(), first.end() - 1);
    for (const edge& e : edges_) sources[fill[e.to]++] = e.from;
    std::vector<bool> ends = over_;
    std::vector<std::uint32_t> queue;
    for (std::uint32_t i = 0; i < n; ++i)
      if (over_[i]) queue.push_back(i);
    while (!queue.empty()) {
      const std::uint32_t at = queue.back();
      queue.pop_back();
      for (std::uint32_t k = first[at]; k < first[at + 1]; ++k) {
        if (ends[sources[k]]) continue;
        ends[sources[k]] = true;
        queue.push_back(sources[k]);
      }
    }
    for (std::uint32_t i = 0; i < n; ++i)
      if (!ends[i]) return complain("from here both ends never come to CLOSED", trace(i, nullptr));
  }

  void complain(const std::string& what, const std::string& how) {
    if (!found_.complaint.empty()) return;
    found_.complaint = what;
    found_.trace = how;
  }

  /// The shortest way to state `at`, and one step more.
  std::string trace(std::uint32_t at, const event* last) {
    std::vector<event> steps;
    for (; at != 0; at = ways_[at].from) steps.push_back(ways_[at].by);
    std::reverse(steps.begin(), steps.end());
    if (last != nullptr) steps.push_back(*last);
    joint j = model_.start();
    canonicalize(j, model_.given());
    std::string text;
    report r;
    for (const event& e : steps) {
      text += shown(e, j) + "\n";
      j = model_.after(j, e, r);
    }
    return text + shown(j) + "\n";
  }

  findings finish(bool complete) {
    found_.states = numbers_.size();
    found_.complete = complete;
    return found_;
  }

  model model_;
  bounds bounds_;
  findings found_;
  numbering numbers_;
  std::deque<joint> frontier_;
  std::vector<way> ways_;
  std::vector<bool> over_;
  std::vector<edge> edges_;
  std::vector<event> events_;
  std::string bytes_;
};

}  // namespace

findings explore(const setting& s, const machine& m, const bounds& b) {
  return search(s, m, b).run();
}

std::string summary(const setting& s, const findings& f) {
  std::string text = fmt::format("{}: {} joint states{}, {} steps, {} ends\n", s.name, f.states,
                                 f.complete ? "" : " (not all)", f.steps, f.over);
  for (std::size_t i = 0; i < tcp::state_count; ++i)
    if (f.in_state[i] != 0)
      text += fmt::format("  {:<12} in {}\n", tcp::name(static_cast<tcp::state>(i)), f.in_state[i]);
  if (!f.complaint.empty()) text += f.complaint + "\n" + f.trace;
  return text;
}

}  // namespace fourtuple::exhaustive
