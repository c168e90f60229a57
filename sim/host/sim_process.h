// One process on a simulated host: a descriptor table, its tasks, and the calls of the seam, each
// handed to the TCP or UDP half of the host's kernel.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fourtuple::host {

class kernel;
class surroundings;
struct watch_list;

/// A socket as a descriptor names it: which half of the kernel, and the index there (1 to 2^30).
class description {
 public:
  enum class kind : std::uint8_t { none, tcp, udp };

  description() = default;
  description(kind k, std::uint32_t index)
      : number_(k == kind::tcp ? static_cast<std::int32_t>(index)
                               : -static_cast<std::int32_t>(index)) {}

  [[nodiscard]] kind what() const {
    return number_ > 0 ? kind::tcp : number_ < 0 ? kind::udp : kind::none;
  }
  [[nodiscard]] std::uint32_t index() const {
    return static_cast<std::uint32_t>(number_ < 0 ? -number_ : number_);
  }

 private:
  std::int32_t number_ =
      0;  ///< above 0: TCP's, below: UDP's, so that to ask for TCP is to look once
};
static_assert(sizeof(description) == 4);

/// Descriptors of one process; the lowest free one is given out, as POSIX asks. 0-2 are taken.
class descriptor_table {
 public:
  explicit descriptor_table(std::uint32_t nofile);

  /// EMFILE where `nofile` descriptors are open.
  [[nodiscard]] result<descriptor> add(description d);
  [[nodiscard]] bool full() const { return lowest_free_ >= nofile_; }
  [[nodiscard]] description find(descriptor fd) const {
    const auto i = static_cast<std::uint32_t>(fd);
    return i < end_ ? entries_[i] : description{};
  }
  void remove(descriptor fd);
  /// All are gone, and nobody was told.
  void forget() {
    entries_.clear();
    end_ = 0;
  }
  [[nodiscard]] std::uint32_t nofile() const { return nofile_; }
  [[nodiscard]] std::uint32_t open() const { return open_; }
  [[nodiscard]] std::uint32_t peak() const { return peak_; }
  void restart_peak() { peak_ = open(); }
  /// One past the highest descriptor ever used.
  [[nodiscard]] descriptor end() const { return static_cast<descriptor>(end_); }

 private:
  void find_next_free();
  [[gnu::noinline]] void put_at_end(description d);
  [[gnu::noinline]] void make_room() { used_.push_back(0); }

  std::vector<description> entries_;
  std::vector<std::uint64_t> used_;  ///< one bit per descriptor
  std::uint32_t nofile_;
  std::uint32_t end_ = 3;  ///< how many entries there are: every call asks
  std::uint32_t lowest_free_ = 3;
  std::uint32_t open_ = 3;
  std::uint32_t peak_ = 3;
};

class sim_process final : public process {
 public:
  struct identity {
    std::uint32_t pid = 0;
    std::uint32_t uid = 1000;
    std::uint32_t nofile = 1024;
    std::uint64_t random_key = 0;
  };
  sim_process(kernel& k, const identity& who);
  /// Process exit: tasks first, then descriptors in order.
  ~sim_process() override;
  sim_process(const sim_process&) = delete;
  sim_process& operator=(const sim_process&) = delete;
  /// Its host goes down: tasks end, and what they had open is not closed but gone.
  void lose_power();

  result<descriptor> socket(family f, transport t, std::optional<std::uint32_t> uid) override;
  result<> bind(descriptor fd, const endpoint& to) override;
  result<> listen(descriptor fd, int backlog) override;
  result<> connect(descriptor fd, const endpoint& to) override;
  result<> disconnect(descriptor fd) override;
  result<accepted> accept(descriptor fd) override;
  result<std::size_t> send(descriptor fd, payload p) override;
  result<std::size_t> recv(descriptor fd, buffer b) override;
  result<std::size_t> sendto(descriptor fd, payload p, const endpoint& to) override;
  result<datagram> recvfrom(descriptor fd, buffer b) override;
  result<> shutdown(descriptor fd, shutdown_how how) override;
  result<> close(descriptor fd) override;
  result<descriptor> dup(descriptor fd) override;
  result<> setsockopt(descriptor fd, option o, option_value v) override;
  result<option_value> getsockopt(descriptor fd, option o) override;
  result<endpoint> getsockname(descriptor fd) override;
  result<endpoint> getpeername(descriptor fd) override;
  result<std::string_view> state(descriptor fd) override;
  result<ready_mask> poll(descriptor fd) override;
  void wait(waiter& w) override;
  void cancel(waiter& w) override;
  void post(waiter& w) override;
  [[nodiscard]] instant now() const override;
  std::uint64_t random() override;
  [[nodiscard]] std::uint32_t nofile() const override { return table_.nofile(); }
  [[nodiscard]] std::uint32_t open_descriptors() const override { return table_.open(); }
  [[nodiscard]] std::uint32_t peak_descriptors() const override { return table_.peak(); }
  void restart_peak() override { table_.restart_peak(); }
  void finished() override;
  task_list& tasks() override { return tasks_; }
  void* allocate_frame(std::size_t size) override;
  void free_frame(void* frame, std::size_t size) noexcept override;

  [[nodiscard]] kernel& owner() const { return kernel_; }
  [[nodiscard]] std::uint32_t pid() const { return who_.pid; }
  [[nodiscard]] const descriptor_table& descriptors() const { return table_; }
  void set_program(std::string_view name) { program_ = name; }
  [[nodiscard]] const std::string& program() const { return program_; }

 private:
  watch_list* look(waiter& w, watch& each);
  [[gnu::noinline]] bool look_at_all(waiter& w);

  kernel& kernel_;
  surroundings& world_;
  identity who_;
  std::string program_;
  descriptor_table table_;
  task_list tasks_;
  std::uint64_t draws_ = 0;
};

}  // namespace fourtuple::host
