#include "sim/report/ss_view.h"

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using observe::socket_row;
using report::ss_text;

namespace {

socket_row row(std::string state, std::string_view local, std::string_view remote) {
  socket_row r;
  r.state = std::move(state);
  r.local = parse_endpoint(local).value();
  r.remote = parse_endpoint(remote).value();
  return r;
}

std::vector<socket_row> table() {
  std::vector<socket_row> all;
  all.push_back(row("ESTABLISHED", "10.0.0.1:40000", "10.0.0.2:443"));
  all.back().holders = {{"load", 1001, 3}, {"load", 1001, 7}};
  all.push_back(row("LISTEN", "0.0.0.0:80", "0.0.0.0:0"));
  all.back().send_q = 128;
  all.push_back(row("TIME-WAIT", "10.0.0.1:40001", "10.0.0.3:443"));
  all.back().timer = "timewait";
  all.back().timer_left = 59'300ms;
  all.push_back(row("SYN-RECEIVED", "10.0.0.1:80", "10.0.0.9:5555"));
  all.push_back(row("LISTEN", "[::]:8080", "[::]:0"));
  all.push_back(row("UNCONN", "0.0.0.0:53", "0.0.0.0:0"));
  all.back().tcp = false;
  all.push_back(row("CLOSED", "0.0.0.0:0", "0.0.0.0:0"));
  return all;
}

/// How many rows a filter lets through, without the heading.
int shown(report::ss_options o, const std::vector<std::string>& words) {
  o.no_header = true;
  const auto f = report::parse_ss_filter(words);
  INFO(f.error);
  REQUIRE(f.error.empty());
  const std::string text = ss_text(table(), o, f);
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

report::ss_options tcp_all() {
  report::ss_options o;
  o.tcp = o.all = o.numeric = true;
  return o;
}

}  // namespace

TEST_CASE("ss prints its own words, addresses right- and ports left-aligned", "[report][ss]") {
  auto o = tcp_all();
  o.processes = true;
  o.timers = true;
  CHECK(ss_text(table(), o, {}) ==
        "State     Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\n"
        "LISTEN    0      128          0.0.0.0:80         0.0.0.0:*\n"
        "LISTEN    0      0                  *:8080             *:*\n"
        "ESTAB     0      0           10.0.0.1:40000     10.0.0.2:443  "
        "users:((\"load\",pid=1001,fd=3),(\"load\",pid=1001,fd=7))\n"
        "TIME-WAIT 0      0           10.0.0.1:40001     10.0.0.3:443  timer:(timewait,59sec,0)\n"
        "SYN-RECV  0      0           10.0.0.1:80        10.0.0.9:5555\n");
}

TEST_CASE("without options ss shows connected sockets of both transports", "[report][ss]") {
  const std::string text = ss_text(table(), {}, {});
  CHECK(text.starts_with("Netid State"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  CHECK(text.find(":https") != std::string::npos);  // a service name: no -n
  report::ss_options udp;
  udp.udp = udp.all = true;
  CHECK(ss_text(table(), udp, {}).find("UNCONN") != std::string::npos);
  report::ss_options listening;
  listening.tcp = listening.listening = true;
  const std::string listeners = ss_text(table(), listening, {});
  CHECK(std::count(listeners.begin(), listeners.end(), '\n') == 3);
}

TEST_CASE("a port has the name of its transport's service, or none", "[report][ss]") {
  std::vector<socket_row> all = {
      row("UNCONN", "10.0.0.1:80", "0.0.0.0:0"), row("UNCONN", "10.0.0.1:123", "0.0.0.0:0"),
      row("LISTEN", "10.0.0.1:80", "0.0.0.0:0"), row("LISTEN", "10.0.0.1:123", "0.0.0.0:0")};
  all[0].tcp = all[1].tcp = false;
  report::ss_options o;
  o.tcp = o.udp = o.all = true;
  const std::string text = ss_text(all, o, {});
  for (const char* address : {"10.0.0.1:80 ", "10.0.0.1:ntp ", "10.0.0.1:http ", "10.0.0.1:123 "})
    CHECK(text.find(address) != std::string::npos);
}

TEST_CASE("one state alone leaves the State column out, as ss does", "[report][ss]") {
  const auto f = report::parse_ss_filter(std::vector<std::string>{"state", "time-wait"});
  CHECK(ss_text(table(), tcp_all(), f).starts_with("Recv-Q"));
}

TEST_CASE("states can be named, added up and excluded", "[report][ss]") {
  CHECK(shown(tcp_all(), {}) == 5);
  CHECK(shown({}, {"state", "all"}) == 6);
  CHECK(shown(tcp_all(), {"state", "established"}) == 1);
  CHECK(shown(tcp_all(), {"state", "established", "state", "time-wait"}) == 2);
  CHECK(shown(tcp_all(), {"state", "connected"}) == 3);
  CHECK(shown(tcp_all(), {"state", "synchronized"}) == 3);
  CHECK(shown(tcp_all(), {"state", "bucket"}) == 2);
  CHECK(shown(tcp_all(), {"exclude", "time-wait"}) == 4);
}

TEST_CASE("ports and addresses are filtered by the words of ss(8)", "[report][ss]") {
  CHECK(shown(tcp_all(), {"dport", "=", ":443"}) == 2);
  CHECK(shown(tcp_all(), {"sport = :80"}) == 2);
  CHECK(shown(tcp_all(), {"sport", "80"}) == 2);
  CHECK(shown(tcp_all(), {"sport", "=", ":http"}) == 2);
  CHECK(shown(tcp_all(), {"sport", ">", ":40000"}) == 1);
  CHECK(shown(tcp_all(), {"sport", ">=", ":40000"}) == 2);
  CHECK(shown(tcp_all(), {"dst", "10.0.0.2"}) == 1);
  CHECK(shown(tcp_all(), {"dst", "10.0.0.0/29"}) == 2);
  CHECK(shown(tcp_all(), {"dst", "10.0.0.2:443"}) == 1);
  CHECK(shown(tcp_all(), {"dst", "10.0.0.2:80"}) == 0);
  CHECK(shown(tcp_all(), {"src", "*:80"}) == 2);
  CHECK(shown(tcp_all(), {"src", "[::]:8080"}) == 1);
}

TEST_CASE("filters combine: or binds least, words side by side are and", "[report][ss]") {
  CHECK(shown(tcp_all(), {"(", "sport", "=", ":80", "or", "dport", "=", ":443", ")", "and", "dst",
                          "10.0.0.3"}) == 1);
  CHECK(shown(tcp_all(), {"sport = :80 or dport = :443 and dst 10.0.0.3"}) == 3);
  CHECK(shown(tcp_all(), {"!", "dport", "=", ":443"}) == 3);
  CHECK(shown(tcp_all(), {"not dport = :443"}) == 3);
  CHECK(shown(tcp_all(), {"dport = :443 dst 10.0.0.2"}) == 1);
  CHECK(shown(tcp_all(), {"state", "all", "!(dport=:443||sport=:80)"}) == 1);
}

TEST_CASE("a filter that is none says which word is wrong", "[report][ss]") {
  const auto error = [](std::vector<std::string> words) {
    return report::parse_ss_filter(words).error;
  };
  CHECK(error({"state", "ESTAB"}).find("'ESTAB'") != std::string::npos);
  CHECK(error({"dport", "=", ":70000"}).find("no port") != std::string::npos);
  CHECK(error({"(", "sport", "=", ":80"}).find("no )") != std::string::npos);
  CHECK(error({"dst", "10.0.0.300"}).find("no address") != std::string::npos);
  CHECK(error({"wibble"}).find("'wibble'") != std::string::npos);
  CHECK_FALSE(error({"sport", "=", ":80", ")"}).empty());
  CHECK_FALSE(error({"sport", "=", ":80", "or"}).empty());
  CHECK_FALSE(error(std::vector<std::string>(1000, "!")).empty());
}

TEST_CASE("timers read as print_ms_timer() of ss prints them", "[report][ss]") {
  CHECK(report::ss_timer(59'900ms) == "59sec");
  CHECK(report::ss_timer(61'900ms) == "1min1sec");
  CHECK(report::ss_timer(200ms) == "200ms");
  CHECK(report::ss_timer(4'123ms) == "4.123ms");
  CHECK(report::ss_timer(2s) == "2sec");
  CHECK(report::ss_timer(660s) == "11min");
}

TEST_CASE("the summary counts TIME-WAIT records in TCP's total only", "[report][ss]") {
  report::ss_options o;
  o.summary = true;
  const std::string text = ss_text(table(), o, {});
  CHECK(text.starts_with("Total: 5\nTCP:   5 (estab 1, closed 1, orphaned 0, timewait 1)\n"));
}
