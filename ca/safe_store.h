// The directory of the safe: the keys of root, brand and geopolitical CA, which no daemon opens. On
// a machine of its own, or, after `init`, to be carried away from the online CA's directory.
//   root-N.keys.set   the N-th root's key; the last one belongs to the root that comes next
//   brand.keys.set  gca.keys.set
//   root-N.pem  brand-N.pem   the brand's certificate by the N-th root
//   gca.pem  transport.pem  trust.pem
//   brand.crl  gca.crl  root-N.crl   what they have revoked, once they have
//   ceremony.log      what was signed here, by whom (ceremony_record.h)
//   revoked-brand-N/  a brand that a root has revoked, as it was
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
  bool brand_revoked = false;  ///< by its root: it certifies nothing any more
};
/// DIR/NAME.pem.
Result<void> write_pem(const std::filesystem::path& directory, const std::string& name,
                       const std::string& pem);
std::filesystem::path root_key_file(const std::filesystem::path& directory, unsigned number);

/// conflict if there is a root, or a brand, already. A brand that was revoked makes room: it is put
/// away into a directory of its own.
Result<void> save_root(const std::filesystem::path& directory, const Authority& root,
                       const StoredSigner& next, const KeyLock& lock, Rng& rng);
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

/// What root, brand and geopolitical CA have revoked up to now: empty lists before the first time,
/// of the roots before the one that reigns none.
Result<OfflineCrls> load_lists(const std::filesystem::path& directory, const SafeState& state,
                               const Certifiers& by, Instant now);
/// NAME.crl; `name` is "brand", "gca" or that of a root, numbered_root().
Result<void> save_list(const std::filesystem::path& directory, const std::string& name,
                       const Crl& list);
/// "root-2".
std::string numbered_root(unsigned number);

/// One root's part in the revocation of the brand, all of which go out together.
struct RootRevocation {
  std::string name;  ///< of the list
  Authority root;
  Certificate brand;  ///< as this root certified it
  Crl before;         ///< what the root had revoked
};
/// Of every root that has certified the brand. Opens their key files.
Result<std::vector<RootRevocation>> prepare_brand_revocation(
    const std::filesystem::path& directory, const SafeState& state, const KeyLock& lock,
    Instant now);
/// The roots' lists, and that the brand is revoked: before anything leaves the safe.
Result<void> save_brand_revocation(const std::filesystem::path& directory, SafeState state,
                                   const std::vector<std::pair<std::string, Crl>>& lists);

/// The announced key, and a new one for the root after it, saved under the same lock. What an
/// interrupted rollover has left is used.
struct AnnouncedKeys {
  StoredSigner announced, next;
};
Result<AnnouncedKeys> prepare_rollover(const std::filesystem::path& directory,
                                       const SafeState& state, const KeyLock& lock, Rng& rng);
/// Its certificates, without letting it reign yet; then that, as the last step.
Result<void> save_next_root(const std::filesystem::path& directory, const SafeState& state,
                            const Certificate& root, const Certificate& brand);
Result<void> enthrone(const std::filesystem::path& directory, SafeState state,
                      const std::string& trust_pem);

}  // namespace set::ca
