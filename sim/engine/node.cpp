#include "sim/engine/world_impl.h"

namespace fourtuple::engine {

node::node(world& w, std::uint32_t entity)
    : surroundings(w.shared_), world_(w), entity_(entity), events_(entity) {}

void node::schedule_timer_token(instant at) {
  world_.schedule(at, entity_, core::phase::timer, *this, 0);
}
void node::schedule_alarm(instant at, std::uint32_t index) {
  world_.schedule(at, entity_, core::phase::application, *this, index);
}

void node::process_finished(process& p) { world_.note_finished(&p); }

}  // namespace fourtuple::engine
