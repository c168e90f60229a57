// `real:`, how the file runs on the real kernel.
#include "sim/scenario/parts.h"
#include "sim/scenario/settings.h"

namespace fourtuple::scenario {
namespace {

/// Each path must lead somewhere in this very file.
void read_set(context& c, const node& n, const node& root) {
  if (n.kind == node::type::null) return;
  if (n.kind != node::type::map) {
    c.error(n.where, "set must be a mapping from paths to values");
    return;
  }
  for (const auto& e : n.entries) {
    if (!expect_scalar(c, e.value, e.key)) continue;
    node copy = root;
    std::vector<config_error> wrong;
    apply_setting(copy, {e.key, e.value.text}, wrong);
    for (const auto& w : wrong) c.error(e.where, w.message);
    c.out.real.set.emplace_back(e.key, e.value.text);
  }
}

}  // namespace

void load_real(context& c, const node& real, const node& root) {
  mapping m(c, real, real_table, "real");
  if (!m.is_map()) return;
  if (m.has("skip")) c.out.real.skip = m.text("skip");
  if (const node* n = m.find("set")) read_set(c, *n, root);
  if (m.has("backend"))
    c.out.real.backend = static_cast<spec::real_place>(m.choice("backend"));
  if (const auto text = m.special("tolerance")) {
    const auto share = spec::parse_share(*text);
    if (!share.value) {
      m.error("tolerance", share.error);
    } else {
      c.out.real.tolerance_ppm = *share.value;
    }
  }
}

}  // namespace fourtuple::scenario
