// The directory of the safe: the keys of root, brand and geopolitical CA, which no daemon opens. On
// a machine of its own, or, after `init`, to be carried away from the online CA's directory.
//   root-N.keys.set   the N-th root's key; the last one belongs to the root that comes next
//   brand.keys.set  gca.keys.set
//   root-N.pem  brand-N.pem   the brand's certificate by the N-th root
//   gca.pem  transport.pem  trust.pem
//   brand.crl  gca.crl   what brand and geopolitical CA have revoked, once they have
//   safe.json         brand, settings, the number of the root that reigns; written last
// All key files are under one lock. Not for concurrent use.
#pragma once

#include <filesystem>

#include "ca/hierarchy.h"
#include "common/crypto/key_lock.h"

namespace set::ca {

struct SafeState {
  HierarchySpec spec;  ///< spec.brand empty = no brand yet
  unsigned root = 1;   ///< which one reigns
};
/// DIR/NAME.pem.
Result<void> write_pem(const std::filesystem::path& directory, const std::string& name,
                       const std::string& pem);
std::filesystem::path root_key_file(const std::filesystem::path& directory, unsigned number);

/// conflict if there is a root, or a brand, already.
Result<void> save_root(const std::filesystem::path& directory, const Authority& root,
                       const SoftwareSigner& next, const KeyLock& lock, Rng& rng);
Result<void> save_brand(const std::filesystem::path& directory, const HierarchySpec& spec,
                        const Authority& brand, const Authority* geopolitical, const KeyLock& lock,
                        Rng& rng);
/// What a rollover needs of the online CA.
Result<void> save_transport(const std::filesystem::path& directory,
                            const std::string& transport_root_pem, const std::string& trust_pem);

/// bad_config if there is no safe.
Result<SafeState> load_safe(const std::filesystem::path& directory);

/// The keys of the root that reigns, of the brand and of the geopolitical CA.
struct OpenSafe {
  Authority root, brand;
  std::optional<Authority> geopolitical;
};
Result<Authority> load_root(const std::filesystem::path& directory, unsigned number,
                            const KeyLock& lock);
Result<OpenSafe> open_safe(const std::filesystem::path& directory, const SafeState& state,
                           const KeyLock& lock);
/// Of the roots up to the one that reigns; the brand's under the second and later ones.
Result<std::vector<Certificate>> load_roots(const std::filesystem::path& directory,
                                            const SafeState& state);
Result<std::vector<Certificate>> load_successors_brands(const std::filesystem::path& directory,
                                                        const SafeState& state);
Result<std::string> load_transport(const std::filesystem::path& directory);

/// What root, brand and geopolitical CA have revoked up to now: empty lists before the first time.
Result<OfflineCrls> load_lists(const std::filesystem::path& directory, const Certifiers& by,
                               Instant now);
/// NAME.crl; `name` is "brand" or "gca".
Result<void> save_list(const std::filesystem::path& directory, const std::string& name,
                       const Crl& list);

/// The announced key, and a new one for the root after it, saved under the same lock. What an
/// interrupted rollover has left is used.
struct AnnouncedKeys {
  SoftwareSigner announced, next;
};
Result<AnnouncedKeys> prepare_rollover(const std::filesystem::path& directory,
                                       const SafeState& state, const KeyLock& lock, Rng& rng);
/// Its certificates, without letting it reign yet; then that, as the last step.
Result<void> save_next_root(const std::filesystem::path& directory, const SafeState& state,
                            const Certificate& root, const Certificate& brand);
Result<void> enthrone(const std::filesystem::path& directory, SafeState state,
                      const std::string& trust_pem);

}  // namespace set::ca
