// HttpPosts: POSTs to other people's servers, several at once without a thread each, by libcurl.
// Each has one deadline over all of it; redirects are not followed, proxies of the environment not
// used, certificates verified, and of an answer 64 KiB are read at most. One thread, but for
// wake().
#pragma once

#include <sys/socket.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/crypto/random.h"

namespace set {

struct HttpPost {
  std::string url;                   ///< of http or https
  std::vector<std::string> headers;  ///< "name: value"; also content-type, which is none of ours
  std::string body;
  /// Asked of the address that is about to be connected to: nullptr, or why not. Empty: any will
  /// do.
  std::function<const char*(const sockaddr& address)> why_refused = {};
};

/// A Retry-After that asks for more counts as this much.
inline constexpr Duration kMaxHttpRetryAfter = std::chrono::hours(1);

struct HttpAnswer {
  std::string key;         ///< as start() had it
  int status = 0;          ///< of HTTP; 0: there was none
  std::string error = {};  ///< a sentence of ours; empty for a status 200 to 299
  std::optional<Duration> retry_after = std::nullopt;
  Duration took = {};
  std::string body = {};  ///< its beginning, if it is too long

  bool ok() const { return status >= 200 && status < 300; }
};

/// Between attempts: twice as long after each that failed, from `first` to `most`, give or take a
/// fifth so that many do not come back at the same moment. `failures` counts from 1. Pure but for
/// the Rng.
Duration retry_pause(std::int64_t failures, Duration first, Duration most, Rng& rng);

class HttpPosts {
 public:
  struct Options {
    Duration timeout = {};               ///< of each
    std::filesystem::path ca_file = {};  ///< instead of the system's certificates, if not empty
    std::string user_agent = {};
  };
  explicit HttpPosts(Options options);
  ~HttpPosts();  ///< as break_off()

  /// One at a time for each key.
  void start(const std::string& key, HttpPost post);
  bool busy(const std::string& key) const;
  bool idle() const;
  /// What has ended, within this time or until wake().
  std::vector<HttpAnswer> wait(Duration at_most);
  /// Ends what is under way, at once: nobody is told what became of it.
  void break_off();
  /// Any thread: ends wait(), the next one if there is none.
  void wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace set
