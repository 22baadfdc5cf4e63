#include "common/crypto/revocation.h"

#include <algorithm>

namespace set {
namespace {

/// "A party that holds a BCI must hold exactly those CRLs (with at least those numbers)."
Result<void> check_complete(const BrandRevocations& set) {
  CHECK_OR_FAIL(set.crls.size() <= set.identifiers.size(), ErrorCode::invalid_certificate,
                "a CRL that the BCI does not name came with it");
  for (const auto& identifier : set.identifiers) {
    const auto* crl = set.find(identifier.issuer);
    CHECK_OR_FAIL(crl != nullptr && crl->number() >= identifier.crl_number,
                  ErrorCode::missing_certificate, "a CRL that the BCI names is missing");
  }
  return {};
}

Result<void> check_newer(const BrandRevocations& known, const BrandRevocations& next) {
  CHECK_OR_FAIL(next.sequence_num >= known.sequence_num, ErrorCode::conflict,
                "the BCI has a lower sequence number than the one that is known");
  CHECK_OR_FAIL(next.sequence_num > known.sequence_num || next.thumbprint == known.thumbprint,
                ErrorCode::conflict, "another BCI with this sequence number is known");
  for (const auto& crl : next.crls) {
    const auto* before = known.find(crl.issuer());
    CHECK_OR_FAIL(before == nullptr || crl.number() >= before->number(), ErrorCode::conflict,
                  "a CRL is older than the one that is known");
  }
  return {};
}

std::string days(Instant instant) { return to_string(instant).substr(0, 19) + "Z"; }

/// True if the list names the certificate, but only from later on than the time that is asked about.
Result<bool> is_revoked_later(const Crl& list, const Certificate& certificate, Instant at) {
  const auto entry = list.find(certificate);
  if (!entry) return false;
  CHECK_OR_FAIL(entry->revoked_at > at + kRevocationSkew, ErrorCode::revoked_certificate,
                "the certificate of a " + std::string(to_string(certificate.roles().front())) +
                    " was revoked on " + days(entry->revoked_at));
  return true;
}

}  // namespace

const Crl* BrandRevocations::find(const KeyId& issuer) const {
  const auto found =
      std::ranges::find_if(crls, [&](const Crl& crl) { return crl.issuer() == issuer; });
  return found == crls.end() ? nullptr : &*found;
}

void Revocation::set_policy(RevocationPolicy policy) {
  const std::lock_guard lock(mutex_);
  policy_ = policy;
  ++epoch_;
}

void Revocation::on_change(std::function<void(const Revocation&)> keeper) {
  const std::lock_guard lock(adopting_);
  keeper_ = std::move(keeper);
}

Result<void> Revocation::adopt(BrandRevocations next) {
  TRY(check_complete(next));
  const std::lock_guard one(adopting_);
  if (const auto known = of(next.brand)) {
    TRY(check_newer(*known, next));
    if (next.thumbprint == known->thumbprint) return {};
  }
  const auto brand = next.brand;
  const auto set = std::make_shared<const BrandRevocations>(std::move(next));
  {
    const std::lock_guard lock(mutex_);
    brands_.insert_or_assign(brand, set);
    ++epoch_;
  }
  if (keeper_) keeper_(*this);
  return {};
}

void Revocation::adopt_root_list(const Crl& list) {
  const std::lock_guard one(adopting_);
  {
    const std::lock_guard lock(mutex_);
    const auto known = root_lists_.find(list.issuer());
    if (known != root_lists_.end() && known->second.number() >= list.number()) return;
    root_lists_.insert_or_assign(list.issuer(), list);
    ++epoch_;
  }
  if (keeper_) keeper_(*this);
}

std::vector<Crl> Revocation::root_lists() const {
  const std::lock_guard lock(mutex_);
  std::vector<Crl> out;
  for (const auto& [issuer, list] : root_lists_) out.push_back(list);
  return out;
}

std::shared_ptr<const BrandRevocations> Revocation::of(const std::string& brand) const {
  const std::lock_guard lock(mutex_);
  const auto found = brands_.find(brand);
  return found == brands_.end() ? nullptr : found->second;
}

Revocation::Brands Revocation::all() const {
  const std::lock_guard lock(mutex_);
  return brands_;
}

Result<Revocation::GoodUntil> Revocation::check(std::span<const Certificate> path,
                                                Instant at) const {
  // The root stands by its fingerprint alone.
  if (path.size() < 2) return GoodUntil(Instant::max());
  TRY(check_brand(path, at));
  const auto known = of(path.front().brand());
  const auto policy = [&] {
    const std::lock_guard lock(mutex_);
    return policy_;
  }();
  if (!known) {
    CHECK_OR_FAIL(!policy.required, ErrorCode::peer_unavailable,
                  "no BrandCRLIdentifier of this brand is known: it comes from the CA, which was "
                  "not reached yet");
    return GoodUntil(Instant::max());
  }
  Instant fresh_until = known->not_after;
  bool of_the_past = false;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    // An issuer without a CRL in the BCI has none (set-1997 §1.7).
    const auto* crl = known->find(TRY(key_id_of(path[i + 1])));
    if (crl == nullptr) continue;
    fresh_until = std::min(fresh_until, crl->next_update());
    of_the_past = TRY(is_revoked_later(*crl, path[i], at)) || of_the_past;
  }
  CHECK_OR_FAIL(at <= fresh_until + policy.grace, ErrorCode::peer_unavailable,
                "what is known of revoked certificates ended on " + days(fresh_until) +
                    " and its grace is over: the CA was not reached since");
  return of_the_past ? GoodUntil() : GoodUntil(fresh_until + policy.grace);
}

Result<void> Revocation::check_brand(std::span<const Certificate> path, Instant at) const {
  if (path.size() < 2) return {};
  const auto root = TRY(key_id_of(path.back()));
  const auto list = [&]() -> std::optional<Crl> {
    const std::lock_guard lock(mutex_);
    const auto found = root_lists_.find(root);
    return found == root_lists_.end() ? std::nullopt : std::optional(found->second);
  }();
  if (list) TRY(is_revoked_later(*list, path[path.size() - 2], at));
  return {};
}

}  // namespace set
