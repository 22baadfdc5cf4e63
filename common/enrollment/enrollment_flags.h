// The flags of set-merchant and set-gateway that speak of an enrolment: who is to be certified, by
// which CA, with which form, and whether to wait for its operator. `enroll` needs them, `serve
// --enroll` takes them for its first start. Called by config.cpp and main.cpp of both, from one
// thread.
#pragma once

#include "common/daemon/options.h"
#include "common/enrollment/register.h"
#include "common/enrollment/trust_source.h"

namespace set {

struct EnrollmentFlags {
  std::string language = "en";
  std::vector<std::string> fields;   ///< "NAME=VALUE"
  std::filesystem::path form_file;   ///< a JSON object of texts
  bool wait = false;
  bool accept_policy = false;
};

/// Who is to be certified, and by whom.
struct PartyEnrollment {
  std::string ca;  ///< "host:port"; also of `serve`, for renewals
  TrustSource trust;
  std::filesystem::path token_file;  ///< empty where the CA's operator decides
  std::string bin;                   ///< the acquirer's, 6 digits
  std::string id;
  std::vector<std::string> hosts;
  EnrollmentFlags flags;
};

/// The options of `enroll`: --ca, --trust and its fingerprint, --token-file, --bin, --id, --host,
/// --language, --field, --form, --accept-policy and --wait.
void add_enrollment_options(CLI::App& enroll, PartyEnrollment& party);

/// Of `serve`, beside its own --ca: --enroll, and all of the above but --wait, since it always waits.
void add_first_enrollment(CLI::App& serve, bool& enroll_first, PartyEnrollment& party);
/// What CLI11 cannot say of them. invalid_argument.
Result<void> check_first_enrollment(bool enroll_first, const PartyEnrollment& party);

/// invalid_argument for a field without "=", a file that is no such object, or a field given twice.
/// What is said to whoever waits goes to standard error.
Result<EnrollmentOptions> enrollment_options(const EnrollmentFlags& flags);

}  // namespace set
