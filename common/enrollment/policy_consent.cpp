#include "common/enrollment/policy_consent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "common/base/neutral.h"

namespace set {
namespace {

constexpr std::size_t kMostShown = 16'000;

bool asks_yes() {
  std::string line;
  return std::getline(std::cin, line) && (line == "y" || line == "Y" || line == "yes");
}

}  // namespace

void add_policy_option(CLI::App& app, bool& accepted) {
  app.add_flag("--accept-policy", accepted,
               "the CA's policy is accepted; otherwise it is shown and asked about");
}

Result<void> accept_policy(const std::string& policy, bool accepted) {
  if (policy.empty()) return {};
  fmt::print(stderr, "\nThe CA's policy:\n  {}\n\n", neutralise_lines(policy, 2, kMostShown));
  if (accepted) return {};
  CHECK_OR_FAIL(::isatty(STDIN_FILENO) != 0 && ::isatty(STDERR_FILENO) != 0,
                ErrorCode::invalid_argument,
                "there is no terminal to ask whether the CA's policy is accepted: read it and "
                "repeat with --accept-policy");
  fmt::print(stderr, "Do you accept it? [y/N] ");
  std::fflush(stderr);
  CHECK_OR_FAIL(asks_yes(), ErrorCode::invalid_argument, "the CA's policy was not accepted");
  return {};
}

}  // namespace set
