// `changes:`, what becomes different while a run lasts, as the runner carries it out: settings of
// hosts, links and apps at an instant.
#pragma once

#include <fourtuple/firewall.h>
#include <fourtuple/link.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/spec/app.h"

namespace fourtuple::spec {

/// Of all members of a host record.
struct sysctl_change {
  std::uint32_t host = 0;
  std::string name;
  std::string value;  ///< as written
};
struct firewall_change {
  std::uint32_t host = 0;
  std::vector<firewall_rule> rules;
};
struct link_setting {
  std::uint32_t link = 0;
  link_change change;
};
/// An app's kind as it is from then on. Rates are not in it: they are known beforehand
/// (load::rate_changes and its like).
struct app_change {
  std::uint32_t app = 0;
  app_kind kind;
};

/// One element of `changes:`, in the order in which it is carried out.
struct change {
  duration at{};
  std::vector<std::variant<sysctl_change, firewall_change, link_setting, app_change>> what;
};

}  // namespace fourtuple::spec
