// The flags of set-merchant enroll and set-gateway enroll that speak of the CA's form and of waiting
// for its operator. Called by the config.cpp and main.cpp of both, from one thread.
#pragma once

#include "common/daemon/options.h"
#include "common/enrollment/register.h"

namespace set {

struct EnrollmentFlags {
  std::string language = "en";
  std::vector<std::string> fields;   ///< "NAME=VALUE"
  std::filesystem::path form_file;   ///< a JSON object of texts
  bool wait = false;
};

/// Adds --language, --field, --form and --wait.
void add_enrollment_flags(CLI::App& app, EnrollmentFlags& flags);

/// invalid_argument for a field without "=", a file that is no such object, or a field given twice.
/// What is said to whoever waits goes to standard error.
Result<EnrollmentOptions> enrollment_options(const EnrollmentFlags& flags);

}  // namespace set
