// A shop's own software for tests: an HTTP server that checks each webhook as docs/events.md says,
// keeps what it took, and misbehaves as it is told.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>

namespace set::test {

class WebhookReceiver {
 public:
  struct Got {
    std::string id, timestamp, signature, body;
    int answered;  ///< 0: not yet
  };
  /// What to answer to the nth request, from 1.
  using Mood = std::function<void(int n, httplib::Response& response)>;

  WebhookReceiver() : WebhookReceiver(std::make_unique<httplib::Server>()) {}
  WebhookReceiver(const char* certificate_file, const char* key_file)
      : WebhookReceiver(std::make_unique<httplib::SSLServer>(certificate_file, key_file)) {}
  ~WebhookReceiver() { stop(); }

  void stop() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  std::string url(const std::string& scheme = "http", const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_) + "/hook";
  }
  void set_mood(Mood mood) {
    const std::lock_guard lock(mutex_);
    mood_ = std::move(mood);
  }
  /// In the order of their arrival, those that are answered.
  std::vector<Got> got() const {
    const std::lock_guard lock(mutex_);
    std::vector<Got> out;
    for (const auto& each : got_) {
      if (each.answered != 0) out.push_back(each);
    }
    return out;
  }
  /// Those that were answered with 2xx.
  std::vector<Got> taken() const {
    std::vector<Got> out;
    for (const auto& each : got()) {
      if (each.answered / 100 == 2) out.push_back(each);
    }
    return out;
  }
  /// True once `holds` does; half a minute is too long.
  template <class Holds>
  bool wait(const Holds& holds) const {
    for (int i = 0; i < 3000 && !holds(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  }

 private:
  explicit WebhookReceiver(std::unique_ptr<httplib::Server> server) : server_(std::move(server)) {
    server_->Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      Mood mood;
      std::size_t index = 0;
      {
        const std::lock_guard lock(mutex_);
        mood = mood_;
        index = got_.size();  // as they arrive, whatever becomes of them
        got_.push_back({request.get_header_value("webhook-id"),
                        request.get_header_value("webhook-timestamp"),
                        request.get_header_value("webhook-signature"), request.body, 0});
      }
      response.status = 204;
      if (mood) mood(static_cast<int>(index) + 1, response);
      const std::lock_guard lock(mutex_);
      got_[index].answered = response.status;
    });
    server_->set_keep_alive_timeout(1);  // or it waits for the daemon's idle connection
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  Mood mood_;
  std::vector<Got> got_;
  std::thread thread_;
};

}  // namespace set::test
