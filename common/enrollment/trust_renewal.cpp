#include "common/enrollment/trust_renewal.h"

#include "common/base/log.h"
#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "common/daemon/stop.h"

namespace set {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSourceFile = "trust.url";
constexpr std::size_t kMaxUrlBytes = 1024;

}  // namespace

Result<void> save_trust_source(const fs::path& directory, const TrustSource& source) {
  if (!is_trust_url(source)) {
    std::error_code ignored;
    fs::remove(directory / kSourceFile, ignored);
    return {};
  }
  return write_file_atomically(directory / kSourceFile, std::string_view(source.location + "\n"));
}

Result<bool> renew_trust(const Trust& trust, const fs::path& directory, Instant now) {
  std::error_code error;
  if (!fs::exists(directory / kSourceFile, error)) return false;
  auto url = TRY(read_text_file(directory / kSourceFile, kMaxUrlBytes));
  while (url.ends_with('\n')) url.pop_back();
  const auto pem = TRY(fetch_trust(url));
  if (!TRY(trust.renew(pem, now))) return false;
  TRY(Identity::save_trust(directory, trust, now));
  return true;
}

void keep_trust_until_stop(const std::function<std::shared_ptr<const Trust>()>& trust,
                           const fs::path& directory, const LiveSetting<Duration>& every, const Clock& clock) {
  do {
    const auto held = trust();
    const auto renewed = renew_trust(*held, directory, clock());
    if (!renewed) log_warning("looking for new roots", renewed.error());
    if (renewed && *renewed) log_info("a new root is trusted", held->roots().back().thumbprint());
  } while (!wait_for_stop(every()));
}

}  // namespace set
