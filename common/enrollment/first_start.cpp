#include "common/enrollment/first_start.h"

#include <algorithm>

#include "common/daemon/files.h"
#include "common/daemon/stop.h"
#include "common/enrollment/trust_renewal.h"

namespace set {
namespace {

namespace fs = std::filesystem;

constexpr Duration kShortestPause = std::chrono::milliseconds(500);
constexpr Duration kLongestPause = std::chrono::seconds(15);

bool is_mended_by_waiting(ErrorCode code) {
  return code == ErrorCode::peer_unavailable || code == ErrorCode::resource_exhausted ||
         code == ErrorCode::in_progress;
}

// Both are written by Identity::save alone: the key file, or a save that counts but was interrupted.
bool has_certificates(const fs::path& directory) {
  std::error_code ignored;
  return fs::exists(directory / "keys.set", ignored) || fs::exists(directory / "next", ignored);
}

}  // namespace

Result<void> try_until_done(Event what, const std::function<Result<void>()>& attempt) {
  for (auto pause = kShortestPause;; pause = std::min(2 * pause, kLongestPause)) {
    const auto done = attempt();
    if (done || !is_mended_by_waiting(done.error().code)) return done;
    log_warning(what, done.error());
    if (wait_for_stop(pause)) return {};
  }
}

Result<void> check_same_root(std::string_view trust_pem, const std::string& root_fingerprint,
                             Instant now, const std::string& where) {
  const auto trust = Trust::parse(trust_pem, root_fingerprint, now);
  CHECK_OR_FAIL(trust || trust.error().code != ErrorCode::verification_failed,
                ErrorCode::bad_config,
                where + " was certified under another root than the fingerprint says: bring back "
                        "the CA that it belongs to, or remove it to begin anew with this one");
  return trust ? Result<void>() : failure(trust.error());
}

Result<void> enroll_at_first_start(const fs::path& directory, const PartyEnrollment& party,
                                   Instant now, const std::function<Result<void>()>& enroll) {
  if (!has_certificates(directory)) {
    TRY(try_until_done("waiting to be enrolled", enroll));
  } else if (fs::exists(directory / "trust.pem")) {
    TRY(check_same_root(TRY(read_text_file(directory / "trust.pem")),
                        TRY(root_fingerprint_of(party.trust)), now,
                        "the directory " + directory.string()));
  }
  return save_trust_source(directory, party.trust);
}

}  // namespace set
