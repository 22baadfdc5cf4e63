#include "wallet/store_trust.h"

#include "common/daemon/revocation_file.h"

namespace set::wallet {

std::filesystem::path revocation_file(const std::filesystem::path& directory,
                                      const Thumbprint& root) {
  return directory / ("revocation-" + root.hex().substr(0, 16) + ".set");
}

Result<std::shared_ptr<const Trust>> TrustBook::find(std::string_view pem,
                                                     std::string_view fingerprint, Instant now) {
  auto parsed = TRY(Trust::parse(pem, fingerprint, now));
  const auto root = parsed.root().thumbprint();
  const std::lock_guard lock(mutex_);
  const auto known = trusts_.find(root);
  if (known != trusts_.end() && known->second->pem() == parsed.pem()) return known->second;
  if (known != trusts_.end()) {
    parsed.share(*known->second);  // the same root in another file
  } else if (!directory_.empty()) {
    TRY(keep_revocations(revocation_file(directory_, root), parsed, now));
    parsed.revocation().set_policy({.required = true});
  }
  auto trust = std::make_shared<const Trust>(std::move(parsed));
  trusts_.insert_or_assign(root, trust);
  return trust;
}

}  // namespace set::wallet
