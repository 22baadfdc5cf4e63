// Command lines and what came of them, for stories that run many commands. One thread.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include "tests/scenario/process.h"

namespace set::test {

using Words = std::vector<std::string>;

inline Words operator+(Words first, const Words& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// What a command that must succeed has printed, without the last newline.
inline std::string ok(const Finished& finished) {
  INFO(finished.err);
  REQUIRE(finished.exit_code == 0);
  auto out = finished.out;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

/// A command that must fail with this code and a sentence that has these words.
inline void refused(const Finished& finished, int exit_code, const std::string& words) {
  INFO(finished.err);
  CHECK(finished.exit_code == exit_code);
  CHECK(finished.err.find(words) != std::string::npos);
}

/// A file of mode 0600.
inline void write_secret(const std::filesystem::path& path, const std::string& text) {
  write_file(path, text);
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace set::test
