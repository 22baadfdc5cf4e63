// A collector of traces for tests: an HTTP server that takes OTLP with the JSON encoding, keeps the
// spans, and misbehaves as it is told.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>

#include <nlohmann/json.hpp>

namespace set::test {

class OtlpReceiver {
 public:
  struct Span {
    std::string service, trace, id, parent, name, status, xid;
    int kind, code;
    std::uint64_t begun, ended;
  };
  /// What to answer to the nth request, from 1; 200 without it.
  using Mood = std::function<void(int n, httplib::Response& response)>;

  OtlpReceiver() : OtlpReceiver(std::make_unique<httplib::Server>()) {}
  OtlpReceiver(const char* certificate_file, const char* key_file)
      : OtlpReceiver(std::make_unique<httplib::SSLServer>(certificate_file, key_file)) {}
  ~OtlpReceiver() {
    server_->stop();
    if (thread_.joinable()) thread_.join();
  }

  std::string endpoint(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }
  void set_mood(Mood mood) {
    const std::lock_guard lock(mutex_);
    mood_ = std::move(mood);
  }
  int requests() const { return requests_; }
  /// Of the last one.
  httplib::Headers headers() const {
    const std::lock_guard lock(mutex_);
    return headers_;
  }
  /// All bodies, as they came.
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  /// Those of requests that were answered with 2xx.
  std::vector<Span> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }
  /// True once `holds` does; half a minute is too long.
  template <class Holds>
  bool wait(const Holds& holds) const {
    for (int i = 0; i < 3000 && !holds(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  }

 private:
  using Json = nlohmann::json;

  explicit OtlpReceiver(std::unique_ptr<httplib::Server> server) : server_(std::move(server)) {
    server_->Post("/v1/traces",
                  [this](const httplib::Request& request, httplib::Response& response) {
                    Mood mood;
                    {
                      const std::lock_guard lock(mutex_);
                      mood = mood_;
                      headers_ = request.headers;
                      text_ += request.body;
                    }
                    const int n = ++requests_;
                    response.status = 200;
                    response.set_content("{\"partialSuccess\":{}}", "application/json");
                    if (mood) mood(n, response);
                    if (request.get_header_value("content-type") != "application/json")
                      response.status = 415;
                    if (response.status / 100 != 2) return;
                    try {
                      take(Json::parse(request.body));
                    } catch (const Json::exception&) {
                      response.status = 400;  // as a collector answers what it cannot read
                    }
                  });
    server_->set_keep_alive_timeout(1);
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  static std::string attribute(const Json& attributes, const std::string& key) {
    for (const auto& each : attributes) {
      if (each.at("key") == key) return each.at("value").at("stringValue");
    }
    return "";
  }

  void take(const Json& request) {
    std::vector<Span> spans;
    for (const auto& resource : request.at("resourceSpans")) {
      const auto service = attribute(resource.at("resource").at("attributes"), "service.name");
      for (const auto& scope : resource.at("scopeSpans")) {
        for (const auto& span : scope.at("spans")) spans.push_back(read(service, span));
      }
    }
    const std::lock_guard lock(mutex_);
    spans_.insert(spans_.end(), spans.begin(), spans.end());
  }

  static Span read(const std::string& service, const Json& span) {
    const auto time = [&](const char* name) {
      return static_cast<std::uint64_t>(std::stoull(span.at(name).get<std::string>()));
    };
    return {service,
            span.at("traceId"),
            span.at("spanId"),
            span.value("parentSpanId", ""),
            span.at("name"),
            span.at("status").value("message", ""),
            attribute(span.at("attributes"), "set.xid"),
            span.at("kind"),
            span.at("status").value("code", 0),
            time("startTimeUnixNano"),
            time("endTimeUnixNano")};
  }

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  mutable std::mutex mutex_;
  Mood mood_;
  httplib::Headers headers_;
  std::string text_;
  std::vector<Span> spans_;
  std::thread thread_;
};

}  // namespace set::test
