#include "sim/host/sim_process.h"

#include <bit>

#include "sim/host/kernel.h"

namespace fourtuple::host {

descriptor_table::descriptor_table(std::uint32_t nofile)
    : entries_(3), used_(1, 7), nofile_(nofile) {}

result<descriptor> descriptor_table::add(description d) {
  if (full()) return errc::emfile;
  const std::uint32_t fd = lowest_free_;
  if (fd < end_) {
    entries_[fd] = d;
  } else {
    put_at_end(d);  // the lowest free one is at most one past the highest ever used
  }
  used_[fd / 64] |= std::uint64_t{1} << (fd % 64);
  if (++open_ > peak_) peak_ = open_;
  find_next_free();
  return static_cast<descriptor>(fd);
}

void descriptor_table::put_at_end(description d) {
  entries_.push_back(d);
  ++end_;
}

void descriptor_table::find_next_free() {
  std::size_t word = lowest_free_ / 64;
  while (used_[word] == ~std::uint64_t{0})
    if (++word == used_.size()) make_room();
  lowest_free_ = static_cast<std::uint32_t>(word * 64) +
                 static_cast<std::uint32_t>(std::countr_zero(~used_[word]));
}

void descriptor_table::remove(descriptor fd) {
  const auto i = static_cast<std::uint32_t>(fd);
  entries_[i] = {};
  used_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  --open_;
  if (i < lowest_free_) lowest_free_ = i;
}

sim_process::sim_process(kernel& k, const identity& who)
    : kernel_(k), world_(k.world()), who_(who), table_(who.nofile) {}

sim_process::~sim_process() {
  tasks_.destroy_all();
  for (descriptor fd = 3; fd < table_.end(); ++fd) {
    const description d = table_.find(fd);
    if (d.what() == description::kind::none) continue;
    table_.remove(fd);
    if (d.what() == description::kind::tcp) kernel_.tcp().release(d.index(), true);
    if (d.what() == description::kind::udp) kernel_.udp().release(d.index());
  }
}

void sim_process::lose_power() {
  tasks_.destroy_all();
  table_.forget();
}

// Every call below: find the description (EBADF), hand it to its half of the kernel.
#define FOURTUPLE_DISPATCH(fd, tcp_call, udp_call)                       \
  const description d = table_.find(fd);                                 \
  if (d.what() == description::kind::tcp) return kernel_.tcp().tcp_call; \
  if (d.what() == description::kind::udp) return kernel_.udp().udp_call; \
  return errc::ebadf

result<descriptor> sim_process::socket(family f, transport t, std::optional<std::uint32_t> uid) {
  if (table_.full()) return errc::emfile;
  const std::uint32_t owner = uid.value_or(who_.uid);
  if (t == transport::tcp)
    return table_.add({description::kind::tcp, kernel_.tcp().create(f, owner)});
  return table_.add({description::kind::udp, kernel_.udp().create(f, owner)});
}

result<> sim_process::bind(descriptor fd, const endpoint& to) {
  FOURTUPLE_DISPATCH(fd, bind(d.index(), to), bind(d.index(), to));
}
result<> sim_process::listen(descriptor fd, int backlog) {
  FOURTUPLE_DISPATCH(fd, listen(d.index(), backlog), refuse_listen());
}
result<> sim_process::connect(descriptor fd, const endpoint& to) {
  FOURTUPLE_DISPATCH(fd, connect(d.index(), to), connect(d.index(), to));
}
result<> sim_process::disconnect(descriptor fd) {
  FOURTUPLE_DISPATCH(fd, disconnect(d.index()), disconnect(d.index()));
}

result<accepted> sim_process::accept(descriptor fd) {
  const description d = table_.find(fd);
  if (d.what() == description::kind::none) return errc::ebadf;
  // accept4() allocates the descriptor first: with EMFILE the connection stays queued.
  if (table_.full()) return errc::emfile;
  if (d.what() == description::kind::udp) return errc::eopnotsupp;
  const auto child = kernel_.tcp().accept(d.index());
  if (!child) return child.error();
  const descriptor its = *table_.add({description::kind::tcp, *child});
  return accepted{its, kernel_.tcp().peer_of(*child)};
}

result<std::size_t> sim_process::send(descriptor fd, payload p) {
  FOURTUPLE_DISPATCH(fd, send(d.index(), p), send(d.index(), p));
}
result<std::size_t> sim_process::recv(descriptor fd, buffer b) {
  FOURTUPLE_DISPATCH(fd, recv(d.index(), b), recv(d.index(), b));
}
result<std::size_t> sim_process::sendto(descriptor fd, payload p, const endpoint& to) {
  FOURTUPLE_DISPATCH(fd, send(d.index(), p), sendto(d.index(), p, to));
}
result<datagram> sim_process::recvfrom(descriptor fd, buffer b) {
  FOURTUPLE_DISPATCH(fd, recvfrom(d.index(), b), recvfrom(d.index(), b));
}
result<> sim_process::shutdown(descriptor fd, shutdown_how how) {
  FOURTUPLE_DISPATCH(fd, shutdown(d.index(), how), shutdown(d.index(), how));
}

result<> sim_process::close(descriptor fd) {
  const description d = table_.find(fd);
  if (d.what() == description::kind::tcp) {
    if (!kernel_.tcp().may_release(d.index()))
      return errc::einprogress;  // SO_LINGER: the descriptor goes when the wait is over
    table_.remove(fd);
    kernel_.tcp().release(d.index(), false);
    return {};
  }
  if (d.what() == description::kind::none) return errc::ebadf;
  table_.remove(fd);
  kernel_.udp().release(d.index());
  return {};
}

result<descriptor> sim_process::dup(descriptor fd) {
  const description d = table_.find(fd);
  if (d.what() == description::kind::none) return errc::ebadf;
  const auto copy = table_.add(d);
  if (!copy) return copy;
  if (d.what() == description::kind::tcp) kernel_.tcp().share(d.index());
  if (d.what() == description::kind::udp) kernel_.udp().share(d.index());
  return copy;
}

result<> sim_process::setsockopt(descriptor fd, option o, option_value v) {
  FOURTUPLE_DISPATCH(fd, setsockopt(d.index(), o, v), setsockopt(d.index(), o, v));
}
result<option_value> sim_process::getsockopt(descriptor fd, option o) {
  FOURTUPLE_DISPATCH(fd, getsockopt(d.index(), o), getsockopt(d.index(), o));
}
result<endpoint> sim_process::getsockname(descriptor fd) {
  FOURTUPLE_DISPATCH(fd, getsockname(d.index()), getsockname(d.index()));
}
result<endpoint> sim_process::getpeername(descriptor fd) {
  FOURTUPLE_DISPATCH(fd, getpeername(d.index()), getpeername(d.index()));
}
result<std::string_view> sim_process::state(descriptor fd) {
  FOURTUPLE_DISPATCH(fd, state_of(d.index()), refuse_state(d.index()));
}
result<ready_mask> sim_process::poll(descriptor fd) {
  FOURTUPLE_DISPATCH(fd, poll_level(d.index()), level(d.index()));
}

/// What a watch looks at, as it is now: where to stand, or null where what it waits for holds.
watch_list* sim_process::look(waiter& w, watch& each) {
  const auto [list, level] = kernel_.to_watch(table_.find(each.fd));
  each.owner = &w;
  each.now = level;
  if (list == nullptr) return nullptr;
  const bool moved = !each.edge || list->wakes != each.seen;
  each.seen = list->wakes;
  const bool ready_now = moved && (level & (each.mask | ready_err | ready_hup)) != 0;
  return ready_now ? nullptr : list;
}

/// True where one of several is ready: then none of them stands in a ring.
bool sim_process::look_at_all(waiter& w) {
  bool ready_now = false;
  for (watch* each = w.watches(); each != nullptr; each = each->following()) {
    watch_list* const list = look(w, *each);
    ready_now = ready_now || list == nullptr;
    if (!ready_now) list->ring.add(*each);
  }
  if (ready_now)
    for (watch* each = w.watches(); each != nullptr; each = each->following()) each->unlink();
  return ready_now;
}

/// Most watch one socket, which is not ready, or sleep.
void sim_process::wait(waiter& w) {
  watch* const first = w.watches();
  if (first == nullptr) return kernel_.waiting().arm(w);
  if (first->more) {
    if (look_at_all(w)) return kernel_.waiting().arm_ready(w);
  } else {
    watch_list* const list = look(w, *first);
    if (list == nullptr) return kernel_.waiting().arm_ready(w);
    list->ring.add(*first);
  }
  kernel_.waiting().arm(w);
}

void sim_process::cancel(waiter& w) { kernel_.waiting().cancel(w); }
void sim_process::post(waiter& w) { kernel_.waiting().post(w); }
instant sim_process::now() const { return world_.now(); }
std::uint64_t sim_process::random() { return kernel_.random_bits(who_.random_key, draws_++); }
void sim_process::finished() { world_.process_finished(*this); }
void* sim_process::allocate_frame(std::size_t size) { return world_.frames().allocate(size); }
void sim_process::free_frame(void* frame, std::size_t size) noexcept {
  world_.frames().free(frame, size);
}

}  // namespace fourtuple::host
