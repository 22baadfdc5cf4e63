#include "common/enrollment/policy_consent.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/base/neutral.h"
#include "common/daemon/terminal.h"

namespace set {
namespace {

constexpr std::size_t kMostShown = 16'000;

}  // namespace

void add_policy_option(CLI::App& app, bool& accepted) {
  app.add_flag("--accept-policy", accepted,
               "the CA's policy is accepted; otherwise it is shown and asked about");
}

Result<void> accept_policy(const std::string& policy, bool accepted) {
  if (policy.empty()) return {};
  const auto shown =
      fmt::format("\nThe CA's policy:\n  {}\n\n", neutralise_lines(policy, 2, kMostShown));
  if (accepted || !is_interactive()) say(shown);
  if (accepted) return {};
  TRY(check_interactive("whether the CA's policy is accepted",
                        "read it and repeat with --accept-policy"));
  CHECK_OR_FAIL(ask_yes(shown + "Do you accept it?"), ErrorCode::invalid_argument,
                "the CA's policy was not accepted");
  return {};
}

}  // namespace set
