// The CA's policy before a registration: "shows policy and form" (set-1997 §3.1, RegFormRes). Whoever
// registers reads it and says yes, on the terminal or beforehand on the command line. Called by
// `card add` of the wallet and by `enroll`.
#pragma once

#include <string>

#include "common/base/result.h"

namespace CLI {
class App;
}

namespace set {

/// Adds --accept-policy.
void add_policy_option(CLI::App& app, bool& accepted);

/// Shows the policy on standard error. Unless `accepted` says so already, the person at the terminal
/// is asked; an empty policy asks nothing of anybody. invalid_argument: it was not accepted, or there
/// is no terminal to ask at.
Result<void> accept_policy(const std::string& policy, bool accepted);

}  // namespace set
