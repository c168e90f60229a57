// What one reserve() costs at a given fill of 28232 ports, by the naive scan and by bitmap. Each
// turn frees a random connection and takes a port again, so that the fill stays; at 100 % it only
// fails.
#include <benchmark/benchmark.h>

#include "tests/support/ports_host.h"

namespace {

using fourtuple::test::ports_host;
namespace ports = fourtuple::ports;

constexpr std::uint32_t range_size = 28232;

/// Connections (or bound sockets) up to `percent` of the range.
struct filled_host {
  filled_host(std::int64_t percent, bool bind) : h(fourtuple::test::linux_rules(32768, 60999)) {
    from.from = "10.0.0.1";
    bind_request.who = h.claim(from);
    connect_request.tuple = h.tuple("10.0.0.1", 0, "10.0.0.2", 443);
    const auto n = static_cast<std::uint32_t>(range_size * percent / 100);
    for (std::uint32_t i = 0; i < n; ++i) {
      if (bind)
        h.bind(0, from);
      else
        h.connect("10.0.0.2", 443, from);
    }
    live = n;
  }
  /// A socket to end, by a draw without effect on the ports.
  std::size_t victim() {
    return 1 + fourtuple::core::below(fourtuple::core::philox(9, turn++, 0), live);
  }
  /// The same record again with another port.
  void again(std::size_t s, const ports::reservation& got, ports::origin how) {
    auto& socket = h.sockets[s];
    socket.port = got.port;
    socket.owner = h.table.add(bind_request.who, got.port, how);
    if (how != ports::origin::connect) return;
    socket.tuple = connect_request.tuple;
    socket.tuple.local_port = got.port;
    socket.what = {ports::kind::connection, static_cast<std::uint32_t>(s)};
    h.table.insert(socket.tuple, socket.what);
  }
  ports_host h;
  fourtuple::test::with from;
  ports::bind_request bind_request;
  ports::connect_request connect_request;
  std::uint32_t live = 0;
  std::uint64_t turn = 0;
};

template <class Request>
void run(benchmark::State& state, filled_host& f, const Request& request, ports::origin how,
         ports::search by) {
  f.h.table.search_by(by);
  const bool full = state.range(0) == 100;
  const bool empty = state.range(0) == 0;
  for (auto _ : state) {
    const std::size_t s = full || empty ? 0 : f.victim();
    if (s != 0) f.h.gone(s);
    const auto got = ports::reserve(f.h.table, request, f.h.draws);
    benchmark::DoNotOptimize(got.error());
    if (s != 0) f.again(s, *got, how);
  }
}

void connect_naive(benchmark::State& state) {
  filled_host f(state.range(0), false);
  run(state, f, f.connect_request, ports::origin::connect, ports::search::naive);
}
void connect_fast(benchmark::State& state) {
  filled_host f(state.range(0), false);
  run(state, f, f.connect_request, ports::origin::connect, ports::search::automatic);
}
void bind_naive(benchmark::State& state) {
  filled_host f(state.range(0), true);
  run(state, f, f.bind_request, ports::origin::bind, ports::search::naive);
}
void bind_fast(benchmark::State& state) {
  filled_host f(state.range(0), true);
  run(state, f, f.bind_request, ports::origin::bind, ports::search::automatic);
}

/// What a turn costs beside reserve(): one connection ends, one takes its place.
void connect_bookkeeping(benchmark::State& state) {
  filled_host f(state.range(0), false);
  for (auto _ : state) {
    const std::size_t s = f.victim();
    const ports::reservation same{f.h.sockets[s].port, 0, {}};
    f.h.gone(s);
    f.again(s, same, ports::origin::connect);
  }
}

BENCHMARK(connect_naive)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(connect_fast)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(bind_naive)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(bind_fast)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(connect_bookkeeping)->Arg(50)->Arg(99);

}  // namespace

BENCHMARK_MAIN();
