// The steps of SEGMENT ARRIVES that open.cpp and synchronized.cpp share.
#pragma once

#include "sim/tcp/step.h"

namespace fourtuple::tcp::detail {

/// 3.10.7.3, SYN-SENT.
void syn_sent(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out);
/// The handshake is complete.
void establish(tcb& t, const limits& l, const clock& c, actions& out);

}  // namespace fourtuple::tcp::detail
