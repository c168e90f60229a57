// What one reserve() costs at a given fill of 28232 ports, by the naive scan and by bitmap. The
// ports are filled and then freed at random down to the fill; reserve() marks nothing, so that the
// fill stays while the start of the scan wanders. `bookkeeping` is what a connection's end and the
// next one's beginning cost the table beside that.
#include <benchmark/benchmark.h>

#include "tests/support/ports_host.h"

namespace {

using fourtuple::test::ports_host;
namespace ports = fourtuple::ports;

constexpr std::uint32_t range_size = 28232;

/// Connections (or bound sockets) on `percent` of the range.
struct filled_host {
  filled_host(std::int64_t percent, bool bind) : h(fourtuple::test::linux_rules(32768, 60999)) {
    from.from = "10.0.0.1";
    bind_request.who = h.claim(from);
    connect_request.tuple = h.tuple("10.0.0.1", 0, "10.0.0.2", 443);
    if (percent == 0) return;
    for (std::uint32_t i = 0; i < range_size; ++i)
      bind ? h.bind(0, from) : h.connect("10.0.0.2", 443, from);
    for (auto excess = range_size * static_cast<std::uint32_t>(100 - percent) / 100; excess > 0;) {
      const std::size_t s = anyone();
      if (!h.sockets[s].owner) continue;
      h.gone(s);
      --excess;
    }
  }
  /// A socket by a draw that moves no port.
  std::size_t anyone() {
    return 1 + fourtuple::core::below(fourtuple::core::philox(9, turn++, 0), range_size);
  }
  ports_host h;
  fourtuple::test::with from;
  ports::bind_request bind_request;
  ports::connect_request connect_request;
  std::uint64_t turn = 0;
};

template <class Request>
void run(benchmark::State& state, filled_host& f, const Request& request, ports::search by) {
  f.h.table.search_by(by);
  for (auto _ : state) {
    const auto got = ports::reserve(f.h.table, request, f.h.draws);
    benchmark::DoNotOptimize(got.error());
  }
}

void connect_naive(benchmark::State& state) {
  filled_host f(state.range(0), false);
  run(state, f, f.connect_request, ports::search::naive);
}
void connect_fast(benchmark::State& state) {
  filled_host f(state.range(0), false);
  run(state, f, f.connect_request, ports::search::automatic);
}
void bind_naive(benchmark::State& state) {
  filled_host f(state.range(0), true);
  run(state, f, f.bind_request, ports::search::naive);
}
void bind_fast(benchmark::State& state) {
  filled_host f(state.range(0), true);
  run(state, f, f.bind_request, ports::search::automatic);
}

void bookkeeping(benchmark::State& state) {
  filled_host f(100, false);
  for (auto _ : state) {
    const std::size_t s = f.anyone();
    auto& socket = f.h.sockets[s];
    f.h.gone(s);
    socket.owner = f.h.table.add(f.bind_request.who, socket.port, ports::origin::connect);
    socket.what = {ports::kind::connection, static_cast<std::uint32_t>(s)};
    f.h.table.insert(socket.tuple, socket.what);
  }
}

BENCHMARK(connect_naive)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(connect_fast)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(bind_naive)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(bind_fast)->Arg(0)->Arg(50)->Arg(90)->Arg(99)->Arg(100);
BENCHMARK(bookkeeping);

}  // namespace

BENCHMARK_MAIN();
