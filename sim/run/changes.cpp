// `changes:` are carried out. The real kernel is told the same; an app reads what it does from the
// record that is changed here, so that its next request or reply goes by it.
#include <fmt/format.h>

#include "sim/run/session.h"

namespace fourtuple::run {
namespace {

void demand(bool done, duration at, const std::string& why) {
  if (!done)
    throw observe::unable(fmt::format("the change at {} s cannot be made: {}",
                                      observe::exact_decimal(at.count()), why));
}

}  // namespace

void session::carry_out(const spec::change& c) {
  std::string why;
  const auto each_member = [&](std::uint32_t host, auto change) {
    const spec::host& h = scenario_->hosts[host];
    for (std::uint32_t m = 0; m < h.members(); ++m)
      demand(change(spec::member_name(h, m)), c.at, why);
  };
  struct visitor {
    session& self;
    duration at;
    std::string& why;
    decltype(each_member)& members;
    void operator()(const spec::sysctl_change& s) const {
      members(s.host, [&](const std::string& host) {
        return self.world_->set_sysctl(host, s.name, s.value, why);
      });
    }
    void operator()(const spec::firewall_change& f) const {
      members(f.host, [&](const std::string& host) {
        return self.world_->set_firewall(host, f.rules, why);
      });
    }
    void operator()(const spec::link_setting& l) const {
      demand(self.world_->set_link(l.link, l.change, why), at, why);
    }
    void operator()(const spec::app_change& a) const { self.apps_[a.app].kind = a.kind; }
  };
  for (const auto& each : c.what) std::visit(visitor{*this, c.at, why, each_member}, each);
}

}  // namespace fourtuple::run
