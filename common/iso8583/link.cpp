#include "common/iso8583/link.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>

#include "common/base/assert.h"
#include "common/base/log.h"

namespace set::iso8583 {
namespace {

constexpr std::uint32_t kStans = 1'000'000;

std::string waiting_key(std::string_view answer_type, const Message& message) {
  return std::string(answer_type) + " " + key_of(message);
}

std::atomic<ExchangeObserver> exchange_observer = nullptr;

std::string_view response_of(const Result<Message>& answer) {
  if (!answer) return answer.error().code == ErrorCode::decoding_failure ? "garbled" : "none";
  const auto code = parse_response_code(answer->at(kResponseCode));
  return code ? to_string(*code) : "other";
}

/// The names by which the bank's log has it too, beside the trace that it belongs to.
void report(const Message& asked, const Result<Message>& answer, std::chrono::nanoseconds took) {
  const auto response = response_of(answer);
  log_info("the bank was asked", LogWord{"type", asked.mti}, LogWord{"stan", asked.at(kStan)},
           LogWord{"rrn", asked.at(kRrn)}, LogWord{"response", response},
           std::chrono::duration_cast<Duration>(took));
  if (const auto observer = exchange_observer.load()) observer({asked.mti, response, took});
}

}  // namespace

void observe_exchanges(ExchangeObserver observer) { exchange_observer = observer; }

Link::Link(LinkOptions options, Clock clock)
    : options_(std::move(options)), clock_(std::move(clock)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  SET_ASSERT(stop_ >= 0);
  thread_ = std::thread([this] { run(); });
}

Link::~Link() {
  stop();
  ::close(stop_);
}

void Link::stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Link::sleep_until_stop(Duration at_most) const {
  pollfd poll = {.fd = stop_, .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, static_cast<int>(at_most.count())) > 0;
}

Result<Message> Link::ask(ByteView request, Duration at_most) {
  const auto begun = std::chrono::steady_clock::now();
  const auto asked = TRY(decode(request));
  auto answer = exchange(asked, request, begun + at_most);
  report(asked, answer, std::chrono::steady_clock::now() - begun);
  return answer;
}

Result<Message> Link::exchange(const Message& asked, ByteView request, Deadline deadline) {
  const auto key = waiting_key(answer_type(asked.mti), asked);
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [this] { return connection_ != nullptr || stopped_; });
  CHECK_OR_FAIL(connection_, ErrorCode::peer_unavailable, "there is no connection to the bank");
  Waiting waiting;
  CHECK_OR_FAIL(waiting_.emplace(key, &waiting).second, ErrorCode::in_progress,
                "the same question is being asked");
  const auto connection = connection_;
  lock.unlock();
  const auto sent = connection->send(request);
  if (!sent) connection->close();
  lock.lock();
  if (sent) {
    changed_.wait_until(lock, deadline, [&] { return waiting.answer || waiting.lost; });
  }
  waiting_.erase(key);
  CHECK_OR_FAIL(waiting.answer || !waiting.garbled, ErrorCode::decoding_failure,
                "the bank's answer was garbled");
  CHECK_OR_FAIL(waiting.answer, ErrorCode::outcome_unknown, "the bank did not answer in time");
  return *std::move(waiting.answer);
}

void Link::set_connection(std::shared_ptr<Connection> connection, bool garbled) {
  const std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
  if (!connection_) {
    for (auto& [key, waiting] : waiting_) {
      waiting->lost = true;
      waiting->garbled = garbled;
    }
  }
  changed_.notify_all();
}

void Link::deliver(Message answer) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(waiting_key(answer.mti, answer));
  if (found == waiting_.end() || found->second->answer) {
    log_warning("an answer of the bank that nobody waits for: it is late, or came twice",
                LogWord{"type", answer.mti});
    return;
  }
  found->second->answer = std::move(answer);
  changed_.notify_all();
}

void Link::run() {
  bool told = false;
  while (!stopping()) {
    auto dialled = Connection::dial(options_.address, options_.answer_within);
    if (dialled && sign_on(**dialled)) {
      log_info("signed on at the bank");
      told = false;
      const std::shared_ptr<Connection> connection = *std::move(dialled);
      set_connection(connection);
      const bool understood = serve(*connection);
      connection->close();
      set_connection(nullptr, !understood);
      if (!stopping()) log_warning("the connection to the bank is lost");
    } else if (!std::exchange(told, true)) {
      log_warning("no connection to the bank");
    }
    if (sleep_until_stop(options_.reconnect_after)) return;
  }
}

Result<void> Link::send_network(Connection& connection, std::string_view code) {
  network_stan_ = (network_stan_ + 1) % kStans;
  Message message;
  message.mti = "0800";
  message.elements[kTransmissionTime] = transmission_time(clock_());
  message.elements[kStan] = fmt::format("{:06}", network_stan_);
  message.elements[kAcquirer] = options_.acquirer;
  message.elements[kNetworkCode] = code;
  return connection.send(TRY(encode(message)).reveal());
}

bool Link::sign_on(Connection& connection) {
  if (!send_network(connection, kSignOn)) return false;
  const auto bytes = connection.receive(options_.answer_within, stop_);
  if (!bytes || !*bytes) return false;
  const auto answer = decode((*bytes)->reveal());
  return answer && answer->mti == "0810" && answer->at(kNetworkCode) == kSignOn &&
         answer->at(kResponseCode) == to_string(ResponseCode::approved);
}

bool Link::serve(Connection& connection) {
  auto last_heard = std::chrono::steady_clock::now();
  bool echo_asked = false;
  while (true) {
    const auto bytes =
        connection.receive(echo_asked ? options_.answer_within : options_.echo_every, stop_);
    if (stopping()) break;
    if (!bytes) {
      const bool garbled = bytes.error().code == ErrorCode::decoding_failure;
      if (garbled) log_warning("a garbled answer of the bank", bytes.error());
      return !garbled;
    }
    if (*bytes) {
      last_heard = std::chrono::steady_clock::now();
      auto message = decode((*bytes)->reveal());
      if (!message) {
        log_warning("a garbled answer of the bank", message.error());
        return false;
      }
      if (message->mti == "0810") {
        echo_asked = false;
      } else {
        deliver(*std::move(message));
      }
      continue;
    }
    // Silence: asked whether anybody is there, and then taken for the end.
    if (echo_asked) return true;
    if (std::chrono::steady_clock::now() - last_heard < options_.echo_every) continue;
    if (!send_network(connection, kEcho)) return true;
    echo_asked = true;
  }
  (void)send_network(connection, kSignOff);
  return true;
}

}  // namespace set::iso8583
