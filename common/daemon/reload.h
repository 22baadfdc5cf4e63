// What SIGHUP does to the settings of a running daemon: file and environment are read again, with
// the flags it was started with. What can change while we serve is taken in, what cannot is named
// in one line of the log, and where anything is wrong all stays as it was. Certificates and keys
// are looked for beside this (renewer.h). Made by main once it serves; a thread of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/daemon/options.h"

namespace set {

/// The part that does not depend on the program's Config.
class ReloadLoop {
 public:
  /// What was read anew, and how a key of it is taken in.
  struct Reread {
    CommonOptions common;
    std::function<void(const std::string& key)> take;
  };
  using Read = std::function<Result<Reread>(int argc, const char* const* argv)>;
  /// Keys that hold now and keys that wait for a restart.
  struct Changes {
    std::vector<std::string> taken, waiting;
  };

  ReloadLoop(CommonOptions common, std::set<std::string> live, Read read);
  ~ReloadLoop();
  ReloadLoop(const ReloadLoop&) = delete;
  ReloadLoop& operator=(const ReloadLoop&) = delete;

  /// One look, without the thread. Errors: those of parse().
  Result<Changes> reload();
  /// Follows SIGHUP until the daemon stops or this object ends; after expect_stop().
  void start();

 private:
  void run(const std::stop_token& ended);

  CommonOptions common_;
  std::set<std::string> live_;
  Read read_;
  std::jthread thread_;
};

/// Config is a program's: it has `common` and a static parse(argc, argv).
template <class Config>
class Reloader {
 public:
  /// Takes the new value of one key to where it is used.
  using Take = std::function<void(const Config&)>;

  /// `live` has every key that can change while we serve, beside log-level and log-format.
  Reloader(const Config& started_with, const std::map<std::string, Take>& live)
      : loop_(started_with.common, keys_of(live),
              [live](int argc, const char* const* argv) -> Result<ReloadLoop::Reread> {
                const auto read = std::make_shared<const Config>(TRY(Config::parse(argc, argv)));
                return ReloadLoop::Reread{
                    read->common, [read, live](const std::string& key) { live.at(key)(*read); }};
              }) {
    loop_.start();
  }

 private:
  static std::set<std::string> keys_of(const std::map<std::string, Take>& live) {
    std::set<std::string> keys;
    for (const auto& [key, take] : live) keys.insert(key);
    return keys;
  }

  ReloadLoop loop_;
};

}  // namespace set
