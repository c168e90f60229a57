// The bitmap search is the naive scan, only faster: hosts that live the same history but search
// differently must give the same port, the same loop index, the same perturb table and use the same
// draws, whatever the range, reserved ports, TIME-WAITs, tcp_tw_reuse and socket options.
#include <vector>

#include "sim/ports/draws.h"
#include "tests/support/catch.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::outcome;
using test::ports_host;
using test::with;

/// A stream of decisions; equal seeds make equal histories.
class dice {
 public:
  explicit dice(std::uint64_t seed) : key_(seed) {}
  std::uint32_t below(std::uint32_t n) {
    return static_cast<std::uint32_t>(core::below(core::philox(key_, count_++, 77), n));
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

 private:
  std::uint64_t key_;
  std::uint64_t count_ = 0;
};

ports::rules random_rules(dice& d) {
  ports::rules r = d.one_in(3) ? test::linux_6_1_rules() : test::linux_rules();
  const auto low = static_cast<std::uint16_t>(1024 + d.below(60000));
  const std::uint32_t width = d.one_in(4) ? 1 + d.below(9) : 1 + d.below(400);
  r.range = {low, static_cast<std::uint16_t>(std::min<std::uint32_t>(65535, low + width - 1))};
  const std::uint32_t reserved = d.one_in(2) ? 0 : d.below(width);
  for (std::uint32_t i = 0; i < reserved; ++i) {
    const auto p = static_cast<std::uint16_t>(std::min<std::uint32_t>(65535, low + d.below(width)));
    r.reserved.add({p, p});
  }
  using profile::bind_allocator, profile::connect_allocator;
  r.connect = d.one_in(4)   ? connect_allocator::sequential_hash
              : d.one_in(4) ? connect_allocator::random_start
                            : connect_allocator::hash_table;
  r.bind = d.one_in(4) ? bind_allocator::random_start : bind_allocator::odd_first;
  r.tw_reuse = static_cast<std::uint8_t>(d.below(3));
  r.tw_reuse_delay_ms = d.one_in(3) ? 1 : 1000;
  r.autobind_reuse = d.one_in(3);
  r.noise_steps = d.one_in(4) ? 0 : 8;
  return r;
}

constexpr const char* sources[] = {"10.0.0.1", "10.0.0.2", "127.0.0.1", "fd00::1",
                                   "::ffff:10.0.0.1"};
constexpr const char* destinations[] = {"10.9.0.1", "10.9.0.2", "127.0.0.1", "fd00::9"};

/// The histories of three hosts side by side.
class lockstep {
 public:
  explicit lockstep(std::uint64_t seed) : dice_(seed) {
    rules_ = random_rules(dice_);
    for (const auto how : {ports::search::naive, ports::search::bitmap, ports::search::automatic}) {
      hosts_.emplace_back(rules_, seed);
      hosts_.back().table.search_by(how);
      for (const char* a : sources) hosts_.back().address(a);
      for (const char* a : destinations) hosts_.back().address(a);
    }
  }

  void step() {
    switch (dice_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        connect();
        break;
      case 6:
      case 7:
        bind();
        break;
      case 8:
        bind_and_connect();
        break;
      case 9:
        accept();
        break;
      case 10:
      case 11:
        end_one();
        break;
      case 12:
        to_time_wait();
        break;
      case 13:
        restamp();
        break;
      case 14:
        change_options();
        break;
      default:
        time_passes();
        break;
    }
  }

  void check_state() {
    const auto& naive = hosts_[0];
    for (std::size_t h = 1; h < hosts_.size(); ++h) {
      REQUIRE(hosts_[h].draws == naive.draws);
      REQUIRE(hosts_[h].table.hint() == hosts_[0].table.hint());
      for (const std::uint32_t i : perturbed_)
        REQUIRE(hosts_[h].table.perturb().at(i, hosts_[h].draws) ==
                hosts_[0].table.perturb().at(i, naive.draws));
      const auto a = naive.table.current_usage(), b = hosts_[h].table.current_usage();
      REQUIRE((a.now == b.now && a.peak == b.peak && a.tuples == b.tuples));
    }
  }
  int failures = 0;
  int displaced = 0;

 private:
  template <class Call>
  outcome all(const Call& call) {
    const outcome first = call(hosts_[0]);
    for (std::size_t h = 1; h < hosts_.size(); ++h) {
      const outcome o = call(hosts_[h]);
      REQUIRE(o.error == first.error);
      REQUIRE(o.port == first.port);
      REQUIRE(o.loop_index == first.loop_index);
      REQUIRE(o.displaced == first.displaced);
      REQUIRE(o.socket == first.socket);
    }
    if (!first) ++failures;
    if (first.displaced) ++displaced;
    return first;
  }
  std::string source() { return sources[dice_.below(5) * dice_.below(2)]; }
  std::string destination() { return destinations[dice_.below(4) * dice_.below(2)]; }
  with options() {
    with w;
    w.from = source();
    w.reuseaddr = dice_.one_in(3);
    w.reuseport = dice_.one_in(5);
    w.uid = 1000 + dice_.below(2);
    w.device = static_cast<std::uint16_t>(dice_.one_in(12) ? 1 + dice_.below(2) : 0);
    if (dice_.one_in(6)) {
      const auto p = [&] {
        return static_cast<std::uint16_t>(rules_.range.low + dice_.below(400));
      };
      w.range = {p(), p()};
    }
    return w;
  }
  void connect() {
    const with w = options();
    const std::string to = destination();
    const auto port = static_cast<std::uint16_t>(443 + dice_.below(2));
    remember_perturbed(w, to, port);
    // Several at a time: a connect() alone seldom fills a range.
    for (std::uint32_t n = 1 + dice_.below(40); n > 0; --n)
      all([&](ports_host& h) { return h.connect(to, port, w); });
  }
  void remember_perturbed(const with& w, const std::string& to, std::uint16_t port) {
    ports_host& h = hosts_[0];
    const auto offset = h.draws.port_offset(h.tuple(w.from, 0, to, port), h.now.window);
    perturbed_.push_back(static_cast<std::uint32_t>(offset % 65536));
  }
  void bind() {
    with w = options();
    if (dice_.one_in(3)) w.from = dice_.one_in(2) ? "0.0.0.0" : "::";
    w.v6only = dice_.one_in(3);
    const auto port =
        static_cast<std::uint16_t>(dice_.one_in(4) ? rules_.range.low + dice_.below(100) : 0);
    for (std::uint32_t n = 1 + dice_.below(20); n > 0; --n) {
      const outcome o = all([&](ports_host& h) { return h.bind(port, w); });
      if (o && dice_.one_in(4)) all([&](ports_host& h) { return outcome{h.listen(o.socket)}; });
    }
  }
  void bind_and_connect() {
    const with w = options();
    const outcome o = all([&](ports_host& h) { return h.bind(0, w); });
    if (o)
      all([&](ports_host& h) { return h.connect_bound(o.socket, w.from, destinations[0], 443); });
  }
  void accept() {
    const with w = options();
    const auto port = static_cast<std::uint16_t>(rules_.range.low + dice_.below(400));
    const auto peer_port = static_cast<std::uint16_t>(443 + dice_.below(2));
    const std::string peer = destination();
    if (hosts_[0].table.find(hosts_[0].tuple(w.from, port, peer, peer_port))) return;
    for (auto& h : hosts_) h.accept(port, w, peer, peer_port);
  }
  std::size_t anyone() { return dice_.below(static_cast<std::uint32_t>(hosts_[0].sockets.size())); }
  void end_one() {
    for (std::uint32_t n = dice_.below(30); n > 0; --n) {
      const std::size_t s = anyone();
      if (!hosts_[0].sockets[s].owner) continue;
      for (auto& h : hosts_) h.gone(s);
    }
  }
  void to_time_wait() {
    for (std::uint32_t n = dice_.below(60); n > 0; --n) {
      const std::size_t s = anyone();
      if (hosts_[0].sockets[s].what.type() != ports::kind::connection) continue;
      const bool timestamps = !dice_.one_in(4), fin_wait_2 = dice_.one_in(4);
      for (auto& h : hosts_) h.time_wait(s, timestamps, fin_wait_2);
    }
  }
  /// FIN-WAIT-2 becomes TIME-WAIT, or a late segment renews the stamp.
  void restamp() {
    for (std::uint32_t n = dice_.below(10); n > 0; --n) {
      const std::size_t s = anyone();
      if (hosts_[0].sockets[s].what.type() != ports::kind::time_wait) continue;
      for (auto& h : hosts_) {
        auto& facts = h.sockets[s].facts;
        facts.fin_wait_2 = false;
        facts.entry_ms = h.now.ms;
        facts.ts_recent_stamp_s = h.now.seconds;
        h.table.time_wait_changed(h.sockets[s].tuple, h.sockets[s].what);
      }
    }
  }
  void change_options() {
    if (dice_.one_in(4)) {
      rules_.tw_reuse = static_cast<std::uint8_t>(dice_.below(3));
      for (auto& h : hosts_) h.table.configure(rules_);
    }
    const std::size_t s = anyone();
    if (!hosts_[0].sockets[s].owner) return;
    const bool reuseaddr = dice_.one_in(2), reuseport = dice_.one_in(2);
    for (auto& h : hosts_) h.table.set_options(h.sockets[s].owner, reuseaddr, reuseport, 0);
  }
  void time_passes() {
    const std::int64_t ms = dice_.one_in(4) ? 3000 : dice_.below(900);
    for (auto& h : hosts_) h.wait_ms(ms);
  }

  dice dice_;
  ports::rules rules_;
  std::deque<ports_host> hosts_;
  std::vector<std::uint32_t> perturbed_;
};

}  // namespace

TEST_CASE("ports: the bitmap search gives what the naive scan gives, over random histories",
          "[ports]") {
  int failures = 0, displaced = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    INFO("seed " << seed);
    lockstep story(seed);
    for (int i = 0; i < 60; ++i) story.step();
    story.check_state();
    failures += story.failures;
    displaced += story.displaced;
  }
  // The histories do meet what they are meant to meet.
  CHECK(failures > 10000);
  CHECK(displaced > 1000);
}

TEST_CASE("ports: UDP's search by bitmap gives what looking at every port gives", "[ports][udp]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    dice d(seed);
    ports::rules r = random_rules(d);
    if (d.one_in(3)) r.range = {static_cast<std::uint16_t>(1024 + d.below(30000)), 65535};
    wire::address_table addresses;
    const auto a = addresses.intern(*parse_address("10.0.0.1"));
    const std::uint32_t slots = d.one_in(2) ? 16384 : 256;
    ports::udp_table fast(slots), naive(slots);
    naive.search_naively(true);
    for (auto* t : {&fast, &naive}) t->configure(r);
    ports::draws draws_fast(seed), draws_naive(seed);
    std::vector<ports::owner_id> open;
    for (int i = 0; i < 500; ++i) {
      if (!open.empty() && d.one_in(4)) {
        const std::size_t n = d.below(static_cast<std::uint32_t>(open.size()));
        fast.remove(open[n]);
        naive.remove(open[n]);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(n));
      }
      ports::udp_request q;
      q.who.where = ports::scope_of(d.one_in(2) ? a : wire::any_v4, false, addresses);
      q.who.reuseaddr = d.one_in(10);
      const auto x = fast.reserve(q, draws_fast);
      const auto y = naive.reserve(q, draws_naive);
      REQUIRE(x.error() == y.error());
      if (!x) continue;
      REQUIRE(*x == *y);
      const auto o = fast.add(q.who, *x);
      REQUIRE(o == naive.add(q.who, *y));
      open.push_back(o);
    }
    REQUIRE(draws_fast == draws_naive);
  }
}

}  // namespace fourtuple
