// What a daemon shows over HTTP, as a test reads it. One thread.
#pragma once

#include <httplib.h>

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>
#include <sstream>

#include "tests/scenario/world.h"

namespace set::test {

/// Flags of a daemon that shows its figures at an address of the system's choice.
inline std::vector<std::string> showing(std::vector<std::string> flags = {}) {
  flags.insert(flags.end(), {"--metrics-listen", "127.0.0.1:0"});
  return flags;
}

/// The door of the daemon that writes this log.
class Door {
 public:
  explicit Door(const std::filesystem::path& log) {
    const std::string words = R"("event":"showing figures","address":"127.0.0.1:)";
    REQUIRE(log_says(log, words));
    const auto text = read_file(log);
    const auto at = text.rfind(words) + words.size();
    client_.emplace("127.0.0.1", std::stoi(text.substr(at, text.find('"', at) - at)));
  }
  httplib::Result get(const std::string& path) { return client_->Get(path); }
  std::string text() {
    const auto answer = get("/metrics");
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    return answer->body;
  }
  bool ready() {
    const auto answer = get("/readyz");
    REQUIRE(answer);
    return answer->status == 200;
  }

 private:
  std::optional<httplib::Client> client_;
};

/// The value of each series, by `name{label="value",…}` with the labels in the order of the text.
inline std::map<std::string, double> series_of(const std::string& text) {
  std::map<std::string, double> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const auto space = line.rfind(' ');
    out[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return out;
}

/// Every metric that the text describes: name → type.
inline std::map<std::string, std::string> described_in(const std::string& text) {
  std::map<std::string, std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, kind, name, type;
    words >> hash >> kind >> name >> type;
    if (hash == "#" && kind == "TYPE") out[name] = type;
  }
  return out;
}

}  // namespace set::test
