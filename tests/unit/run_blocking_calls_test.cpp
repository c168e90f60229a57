// Blocking calls of scripts as the kernel has them; measured on 6.18 with threads that block.
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

/// The script held.
bool holds(const std::string& script) {
  const auto o = run_text(
      "fourtuple: 1\nhosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }\nscript:\n"
      "  - { host: s, socket: L }\n"
      "  - { host: s, setsockopt: L, option: SO_RCVBUF, value: 8192 }\n"
      "  - { host: s, bind: L, to: \"0.0.0.0:8000\" }\n"
      "  - { host: s, listen: L }\n"
      "  - { host: c, socket: C }\n" +
      script);
  for (const auto& f : o.script_failures)
    UNSCOPED_INFO("step " << f.step << ": expected " << f.expected << ", got " << f.got);
  return o.result == observe::verdict::as_expected;
}

}  // namespace

TEST_CASE("accept() serves who waits longest", "[run][script]") {
  CHECK(holds(R"(
  - { host: s, accept: L, as: A1, background: r1, within: 2 s }
  - { host: s, accept: L, as: A2, background: r2, within: 2 s }
  - { host: c, connect: C, to: "10.0.0.2:8000" }
  - { host: s, join: r1 }
  - { host: s, state: A1, expect: ESTABLISHED }
  - { host: c, socket: D }
  - { host: c, connect: D, to: "10.0.0.2:8000" }
  - { host: s, join: r2 }
  - { host: s, state: A2, expect: ESTABLISHED }
)"));
}

TEST_CASE("recv() of UDP serves who waits longest", "[run][script]") {
  CHECK(holds(R"(
  - { host: s, socket: S, type: udp }
  - { host: s, bind: S, to: "0.0.0.0:5300" }
  - { host: s, recv: S, background: r1, within: 2 s }
  - { host: s, recv: S, background: r2, within: 2 s }
  - { host: c, socket: U, type: udp }
  - { host: c, sendto: U, to: "10.0.0.2:5300", data: one }
  - { host: c, sendto: U, to: "10.0.0.2:5300", data: two }
  - { host: s, join: r1, expect: one }
  - { host: s, join: r2, expect: two }
)"));
}

TEST_CASE("send() that SO_SNDTIMEO ends says how much went, or EAGAIN", "[run][script]") {
  CHECK(holds(R"(
  - { host: c, setsockopt: C, option: SO_SNDBUF, value: 16384 }
  - { host: c, setsockopt: C, option: SO_SNDTIMEO, value: 120 ms }
  - { host: c, connect: C, to: "10.0.0.2:8000" }
  - { host: c, send: C, size: 100000, expect: "> 10000" }
  - { host: c, send: C, size: 100, expect: EAGAIN }
)"));
}

TEST_CASE("a reset under a send() that has sent some is told to the next call", "[run][script]") {
  CHECK(holds(R"(
  - { host: c, connect: C, to: "10.0.0.2:8000" }
  - { host: s, accept: L, as: A }
  - { host: c, send: C, size: 8000000, background: w, within: 10 s }
  - { wait: 50 ms }
  - { host: s, setsockopt: A, option: SO_LINGER, value: { onoff: 1, linger: 0 } }
  - { host: s, close: A }
  - { host: c, join: w, expect: "> 10000" }
  - { host: c, getsockopt: C, option: SO_ERROR, expect: ECONNRESET }
  - { host: c, send: C, data: x, expect: EPIPE }
)"));
}
