#include "common/daemon/revocation_file.h"

#include "common/base/log.h"
#include "common/daemon/files.h"
#include "common/message/revocation.h"

namespace set {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRevocationFileBytes = 64 << 20;

Result<wire::RevocationFile> read_revocations(const fs::path& file) {
  const auto bytes = TRY(read_file(file, kMaxRevocationFileBytes));
  wire::RevocationFile out;
  CHECK_OR_FAIL(out.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
                ErrorCode::bad_config,
                file.string() + " is damaged: remove it, the CA will be asked again");
  return out;
}

}  // namespace

Result<void> save_revocations(const fs::path& file, const Revocation& known) {
  wire::RevocationFile out;
  // The roots' lists first: they need nobody's BCI.
  const auto root_lists = known.root_lists();
  if (!root_lists.empty()) {
    auto& bag = *out.add_brands();
    for (const auto& list : root_lists) bag.add_crls(string_of(list.der()));
  }
  for (const auto& [name, set] : known.all()) {
    auto& brand = *out.add_brands();
    brand.add_brand_crl_ids(string_of(set->bci));
    for (const auto& crl : set->crls) brand.add_crls(string_of(crl.der()));
  }
  return write_file_atomically(file, serialize(out));
}

Result<void> load_revocations(const fs::path& file, const Trust& trust, Instant now) {
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  const auto kept = TRY(read_revocations(file));
  for (const auto& brand : kept.brands()) {
    const auto adopted = adopt_revocations(brand, trust, now);
    if (!adopted) log_warning("what was known of revocations is not usable", adopted.error());
  }
  return {};
}

Result<void> keep_revocations(const fs::path& file, const Trust& trust, Instant now) {
  TRY(load_revocations(file, trust, now));
  trust.revocation().on_change([file](const Revocation& known) {
    // It counts in this process all the same.
    const auto saved = save_revocations(file, known);
    if (!saved) log_error("what is known of revocations is not kept", saved.error());
  });
  return {};
}

}  // namespace set
