// One call of a script, from its start to its answer: an awaiter on the process whose call it is.
#pragma once

#include <fourtuple/os.h>

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>

#include "sim/apps/script_state.h"

namespace fourtuple::apps {

/// What a call answered, before it becomes a row.
struct call_answer {
  enum class kind : std::uint8_t { ok, number, text, failed, eof, timeout, skipped, started };
  kind what = kind::ok;
  errc error = errc::ok;
  std::int64_t number = 0;  ///< in billionths where `scaled`
  bool scaled = false;
  std::string text;  ///< a state
  std::optional<std::string> data;
  std::optional<std::string> address;
  std::optional<std::uint8_t> events;
  std::optional<observe::script_row::linger_value> linger;
  std::string why;  ///< more words, where there are some
  std::optional<observe::socket_sight> socket;

  [[nodiscard]] bool failure() const { return what == kind::failed || what == kind::timeout; }
  [[nodiscard]] static call_answer of(errc e);
  [[nodiscard]] static call_answer of_number(std::int64_t n);
};

/// The result as the tree has it: "ok", "ECONNREFUSED", 5, ...
[[nodiscard]] spec::value result_of(const call_answer& a);

class script_call final : public waiter {
 public:
  script_call(const spec::step& st, script_names& names) : step_(st), names_(names) {}
  ~script_call() {
    if (pending) process_->cancel(*this);
  }

  /// Looks up names and texts. False: the answer is `skipped` (a name or value that does not
  /// exist).
  bool prepare();
  bool await_ready();
  void await_suspend(std::coroutine_handle<> h);
  void await_resume() const {}
  void woken() override;

  [[nodiscard]] const call_answer& answer() const { return answer_; }
  /// Where it runs; after prepare(). The coordinator's own calls (count, sysctl) have none.
  [[nodiscard]] process* where() const { return process_; }
  /// The socket as it was seen last; nothing where nobody wants to know, or there is none.
  [[nodiscard]] std::optional<observe::socket_sight> sight() const {
    return sight_.number != 0 ? std::optional(sight_) : std::nullopt;
  }

 private:
  bool attempt(bool first);
  bool finish(errc e);
  bool finish(call_answer a);
  void look();
  bool do_socket();
  bool do_bind();
  bool do_connect(bool first);
  bool do_shutdown();
  bool do_accept();
  bool do_send();
  bool do_fill();
  bool do_recv();
  bool do_recvfrom();
  bool do_sendto();
  bool do_close();
  bool do_dup();
  bool do_name();
  bool do_setsockopt();
  bool do_getsockopt();
  bool do_poll();
  bool do_state();
  bool do_count();
  bool do_sysctl();
  bool do_firewall();
  bool do_link();
  /// What it hears where another call has ended what it waits for; an error of the socket that is
  /// told so is taken.
  [[nodiscard]] std::optional<errc> take_interruption();
  void let_go();
  [[nodiscard]] bool writable() const;
  [[nodiscard]] bool has_failed() const;
  bool reading_is_over();
  void save_value(const std::string& text);
  void set_deadline();
  [[nodiscard]] bool nonblocking() const;
  [[nodiscard]] ready_mask mask() const;
  [[nodiscard]] std::optional<option> time_option() const;
  [[nodiscard]] errc timed_out_error() const;

  const spec::step& step_;
  script_names& names_;
  process* process_ = nullptr;
  named_socket socket_;
  std::string subject_;
  std::string to_text_;
  std::string data_;
  std::string room_;
  std::string as_;
  endpoint to_;
  std::size_t sent_ = 0;
  errc first_error_ = errc::ok;
  interruptions before_;    ///< as it began to wait
  bool holds_ = false;      ///< waits, and holds what its descriptor names
  bool by_option_ = false;  ///< the deadline is SO_RCVTIMEO's or SO_SNDTIMEO's
  watch watch_;
  std::coroutine_handle<> frame_;
  call_answer answer_;
  observe::socket_sight sight_;
};

}  // namespace fourtuple::apps
