// A world that does nothing and answers what the test put in; for tests of the tree.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/observe/backend.h"

namespace fourtuple::test {

class fake_world : public observe::backend {
 public:
  std::map<std::string, observe::host_metrics, std::less<>> hosts;
  instant clock{};
  mutable int looks = 0;

  process& make_process(std::string_view, const process_options&) override { return none(); }
  void end_process(process&) override {}
  [[nodiscard]] std::uint64_t count(std::string_view, std::string_view) const override { return 0; }
  bool set_sysctl(std::string_view, std::string_view, std::string_view, std::string&) override {
    return false;
  }
  bool set_firewall(std::string_view, std::span<const firewall_rule>, std::string&) override {
    return false;
  }
  bool set_link(std::uint32_t, const link_change&, std::string&) override { return false; }
  process& coordinator() override { return none(); }
  stop run_until(instant until, bool (*)(void*), void*) override {
    clock = until;
    return stop::reached;
  }
  [[nodiscard]] instant now() const override { return clock; }
  [[nodiscard]] std::uint64_t events() const override { return 7; }
  [[nodiscard]] std::string digest() const override { return "0123456789abcdef"; }
  [[nodiscard]] std::vector<std::string> host_names() const override {
    std::vector<std::string> out;
    for (const auto& [name, metrics] : hosts) out.push_back(name);
    return out;
  }
  [[nodiscard]] observe::host_metrics look(std::string_view host) const override {
    ++looks;
    return hosts.find(host)->second;
  }
  [[nodiscard]] std::vector<observe::socket_row> sockets(std::string_view) const override {
    return {};
  }
  void begin_counting(instant /*from*/) override {}
  void describe_process(process&, std::string_view, bool) override {}

 private:
  [[noreturn]] static process& none() { throw std::logic_error("the fake world has no processes"); }
};

}  // namespace fourtuple::test
