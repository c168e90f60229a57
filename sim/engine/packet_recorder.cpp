#include "sim/engine/packet_recorder.h"

#include "sim/wire/icmp.h"
#include "sim/wire/size.h"

namespace fourtuple::engine {

void packet_recorder::sent(const wire::packet& p, std::uint32_t record, std::uint32_t from,
                           std::uint32_t to, std::uint8_t ttl) {
  if (record >= places_.size()) places_.resize(record + 1);
  places_[record] = 0;
  observe::packet_record r{
      shared_.now, log_.next_order++, names_[from], names_[to], std::nullopt, frame_of(p), 1};
  r.packet.ttl = ttl;
  if (const auto* d = std::get_if<wire::datagram>(&p))
    r.fragments = wire::fragments_of(*d, r.packet.source.address.family == family::inet6);
  if (!log_.wants(r)) return;
  if (log_.packets.size() >= log_.most) {
    ++log_.left_out;
    return;
  }
  log_.packets.push_back(std::move(r));
  places_[record] = log_.packets.size();
}

void packet_recorder::arrived(std::uint32_t record) {
  if (record >= places_.size() || places_[record] == 0) return;
  log_.packets[places_[record] - 1].arrived_at = shared_.now;
}

void packet_recorder::lost(std::uint32_t record) {
  if (record >= places_.size() || places_[record] == 0) return;
  log_.packets[places_[record] - 1].lost = true;
}

std::string packet_recorder::bytes(std::uint32_t payload, std::uint32_t length) const {
  std::string all(payload != 0 ? shared_.payloads.at(payload) : std::string_view{});
  all.resize(length, 'x');  // counted bytes: what the real kernel is sent for them
  return all;
}

wire::frame packet_recorder::frame_of(const wire::packet& p) const {
  wire::frame f;
  if (const auto* s = std::get_if<wire::segment>(&p)) {
    f.source = name(s->tuple.local, s->tuple.local_port);
    f.destination = name(s->tuple.remote, s->tuple.remote_port);
    f.what = *s;
    f.payload = bytes(s->payload, s->length);
  } else if (const auto* d = std::get_if<wire::datagram>(&p)) {
    f.source = name(d->tuple.local, d->tuple.local_port);
    f.destination = name(d->tuple.remote, d->tuple.remote_port);
    f.what = wire::udp_header{};
    f.payload = bytes(d->payload, d->length);
  } else {
    const auto& e = std::get<wire::icmp_error>(p);
    f.source = name(e.from, 0);
    f.destination = name(e.about.local, 0);
    f.what = wire::icmp_message{.type = wire::icmp_type(e.kind, f.source.address.family),
                                .code = e.code,
                                .mtu = e.mtu,
                                .about_tcp = e.protocol == wire::protocol::tcp,
                                .quoted_source = name(e.about.local, e.about.local_port),
                                .quoted_destination = name(e.about.remote, e.about.remote_port),
                                .quoted = wire::quoted_segment(e)};
  }
  return f;
}

}  // namespace fourtuple::engine
