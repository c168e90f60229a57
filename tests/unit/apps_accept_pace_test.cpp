// accept_rate and max_connections of an echo_server, and their changes.
#include "sim/apps/accept_pace.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;

namespace {

constexpr instant second{1s};

spec::rate per_second(std::uint64_t n) { return {n, 1'000'000'000}; }

spec::echo_server server(spec::accept_terms first, std::vector<spec::accept_change> changes) {
  spec::echo_server s;
  s.accepts = first;
  s.accept_changes = std::move(changes);
  return s;
}

/// A connection accepted as soon as it may be: when the next one may.
instant busy(apps::accept_pace& p) {
  p.accepted(p.next());
  return p.next();
}

}  // namespace

TEST_CASE("accepts of a busy spell come at its start + (n - 1) / rate", "[apps][accept]") {
  const auto what = server({per_second(3), {}}, {});
  apps::accept_pace p(what, instant{});
  p.accepted(second);
  CHECK(p.next() == second + 333'333'333ns);
  CHECK(busy(p) == second + 666'666'666ns);
  CHECK(busy(p) == second + 1s);
  p.accepted(second + 5s);  // idle in between: a new spell
  CHECK(p.next() == second + 5'333'333'333ns);
}

TEST_CASE("a changed accept_rate takes over where the old one stands", "[apps][accept]") {
  const auto what =
      server({per_second(1), {}},
             {{500ms, {per_second(10), {}}}, {700ms, {{}, {}}}, {2s, {per_second(1), {}}}});
  apps::accept_pace p(what, second);
  p.accepted(second);
  CHECK(p.next() == second + 550ms);  // half was earned by 500 ms, the rest takes 50 ms
  CHECK(busy(p) == second + 650ms);
  CHECK(busy(p) == second + 700ms);  // what is owed then is paid: no rate any more
  p.accepted(second + 700ms);
  CHECK(p.next() <= second + 700ms);
  p.accepted(second + 2s);
  CHECK(p.next() == second + 3s);
}

TEST_CASE("a slow accept_rate does not hold until its turn what a quicker one lets pass",
          "[apps][accept]") {
  const auto what = server({spec::rate{1, 3'600'000'000'000}, {}}, {{10s, {per_second(1), {}}}});
  apps::accept_pace p(what, instant{});
  p.accepted(instant{1s});
  CHECK(p.next() == instant{10'997'500'000ns});  // 9 of 3600 parts were earned
}

TEST_CASE("max_connections changes at its time, and says until when it holds", "[apps][accept]") {
  const auto what = server({{}, 2}, {{1s, {{}, 5}}, {3s, {{}, {}}}});
  apps::accept_pace p(what, second);
  CHECK_FALSE(p.crowded(1, second));
  CHECK(p.crowded(2, second));
  CHECK(p.same_until() == second + 1s);
  CHECK_FALSE(p.crowded(4, second + 1s));
  CHECK(p.crowded(5, second + 1s));
  CHECK(p.same_until() == second + 3s);
  CHECK_FALSE(p.crowded(5000, second + 3s));
  CHECK(p.same_until() == never);
}
