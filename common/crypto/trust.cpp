#include "common/crypto/trust.h"

#include <botan/certstor.h>
#include <botan/hash.h>
#include <botan/x509path.h>

#include <algorithm>
#include <cstring>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/guarded.h"
#include "common/crypto/trust_file.h"
#include "common/crypto/trust_profile.h"

namespace set {
namespace {

// More issuers than this for one leaf is no mistake of an honest sender: each costs verifications.
constexpr std::size_t kMaxIssuers = 8;
constexpr std::size_t kMaxOthers = 64;
constexpr std::size_t kMaxRemembered = 4096;
// ML-DSA-65's, in Botan's estimate: weaker keys cannot sign in a path.
constexpr std::size_t kMinKeyStrength = 192;

using Status = Botan::Certificate_Status_Code;

/// While a path is good. Outside it the path is looked at again.
struct Span {
  Instant from, until;
  std::uint64_t epoch = 0;  ///< of what was known of revocations
  bool holds(Instant now, std::uint64_t now_known) const {
    return from <= now && now <= until && epoch == now_known;
  }
};

Span span_of(std::span<const Certificate> path, std::uint64_t epoch) {
  Span span{path.front().not_before(), path.front().not_after(), epoch};
  for (const auto& certificate : path) {
    span.from = std::max(span.from, certificate.not_before());
    span.until = std::min(span.until, certificate.not_after());
  }
  return span;
}

Thumbprint question_name(const Certificate& leaf, std::span<const Certificate> others,
                         const Expected& expected) {
  return infallible([&] {
    auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(leaf.thumbprint().view());
    for (const Certificate& other : others) hash->update(other.thumbprint().view());
    // Read from its end this has one reading only: length, brand, two octets, thumbprints.
    hash->update(static_cast<std::uint8_t>(expected.role));
    hash->update(static_cast<std::uint8_t>(expected.use));
    hash->update(expected.brand);
    hash->update_be(static_cast<std::uint64_t>(expected.brand.size()));
    Thumbprint name;
    hash->final(name.value);
    return name;
  });
}

bool may_have_issued(const Certificate& issuer, const Certificate& subject) {
  const auto& of_issuer = issuer.impl().x509;
  const auto& of_subject = subject.impl().x509;
  return issuer.key_use() == KeyUse::certificate_signing && !issuer.is_self_signed() &&
         of_issuer.subject_key_id() == of_subject.authority_key_id() &&
         of_issuer.subject_dn() == of_subject.issuer_dn();
}

// Those of `others` that may stand between the leaf and the root: Botan is given nothing else to
// search through.
Result<std::vector<Certificate>> issuers_of(const Certificate& leaf,
                                            std::span<const Certificate> others) {
  std::vector<Certificate> found{leaf};
  for (std::size_t next = 0; next < found.size(); ++next) {
    const Certificate subject = found[next];
    for (const Certificate& candidate : others) {
      const bool known = std::ranges::any_of(found, [&](const Certificate& certificate) {
        return certificate.thumbprint() == candidate.thumbprint();
      });
      if (!known && may_have_issued(candidate, subject)) found.push_back(candidate);
    }
    CHECK_OR_FAIL(found.size() <= kMaxIssuers + 1, ErrorCode::invalid_certificate,
                  "too many certificates may have issued the certificate");
  }
  return found;
}

ErrorCode code_of(const Botan::Path_Validation_Result& result) {
  const auto is_time = [](Status status) {
    return status == Status::CERT_HAS_EXPIRED || status == Status::CERT_NOT_YET_VALID;
  };
  if (result.all_statuses().empty()) {
    // No path was found at all: the reason is the result itself.
    return result.result() == Status::CERT_ISSUER_NOT_FOUND ||
                   result.result() == Status::CANNOT_ESTABLISH_TRUST
               ? ErrorCode::missing_certificate
               : ErrorCode::invalid_certificate;
  }
  for (const auto& statuses : result.all_statuses()) {
    for (const Status status : statuses) {
      if (status >= Status::FIRST_ERROR_STATUS && !is_time(status)) {
        return ErrorCode::invalid_certificate;
      }
    }
  }
  return ErrorCode::expired_certificate;
}

Result<Botan::Path_Validation_Result> botan_path(const std::vector<Certificate>& found,
                                                 const Botan::Certificate_Store& anchors,
                                                 Instant now) {
  return guarded(ErrorCode::invalid_certificate, "path validation failed",
                 [&]() -> Result<Botan::Path_Validation_Result> {
                   std::vector<Botan::X509_Certificate> certificates;
                   for (const Certificate& certificate : found) {
                     certificates.push_back(certificate.impl().x509);
                   }
                   // Whole seconds, as in certificates: the last second of a validity counts in
                   // full.
                   const auto when = std::chrono::floor<std::chrono::seconds>(now);
                   const Botan::Path_Validation_Restrictions restrictions(/*require_rev=*/false,
                                                                          kMinKeyStrength);
                   auto result = Botan::x509_path_validate(certificates, restrictions, anchors, "",
                                                           Botan::Usage_Type::UNSPECIFIED, when);
                   CHECK_OR_FAIL(result.successful_validation(), code_of(result),
                                 "path validation: " + result.result_string());
                   return result;
                 });
}

/// A trust file ready for path validation. Immutable.
struct Anchors {
  explicit Anchors(detail::TrustFile read) : file(std::move(read)) {
    for (const Certificate& root : file.roots) store.add_certificate(root.impl().x509);
  }
  const Certificate& root_of(const Botan::X509_Certificate& x509) const {
    const auto found = std::ranges::find_if(
        file.roots, [&](const Certificate& root) { return root.impl().x509 == x509; });
    return found != file.roots.end() ? *found : file.roots.front();
  }

  const detail::TrustFile file;
  Botan::Certificate_Store_In_Memory store;
};

}  // namespace

struct Trust::Impl {
  explicit Impl(detail::TrustFile read)
      : first(read.roots.front()),
        transport_root_pem(read.transport_root_pem),
        current(std::make_shared<const Anchors>(std::move(read))) {}

  std::shared_ptr<const Anchors> now_trusted() {
    const std::lock_guard lock(mutex);
    return current;
  }

  bool remembers(const Thumbprint& question, Instant now) {
    const std::lock_guard lock(mutex);
    const auto found = remembered.find(question);
    return found != remembered.end() && found->second.holds(now, revocation->epoch());
  }
  void remember(const Thumbprint& question, Span span) {
    const std::lock_guard lock(mutex);
    // Which one goes is no matter: what is asked often is soon here again.
    if (remembered.size() >= kMaxRemembered) remembered.erase(remembered.begin());
    remembered.insert_or_assign(question, span);
  }

  struct Hash {
    std::size_t operator()(const Thumbprint& question) const {
      std::size_t out = 0;
      std::memcpy(&out, question.value.data(), sizeof(out));
      return out;
    }
  };

  const Certificate first;
  const std::string transport_root_pem;
  std::shared_ptr<Revocation> revocation = std::make_shared<Revocation>();
  std::mutex mutex;
  std::shared_ptr<const Anchors> current;
  std::unordered_map<Thumbprint, Span, Hash> remembered;
};

Result<Trust> Trust::parse(std::string_view pem, std::string_view fingerprint, Instant now) {
  return Trust(std::make_unique<Impl>(TRY(detail::parse_trust_file(pem, fingerprint, now))));
}

Trust::Trust(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Trust::Trust(Trust&&) noexcept = default;
Trust& Trust::operator=(Trust&&) noexcept = default;
Trust::~Trust() = default;

Result<void> Trust::verify(const Certificate& leaf, std::span<const Certificate> others,
                           const Expected& expected, Instant now) const {
  CHECK_OR_FAIL(others.size() <= kMaxOthers, ErrorCode::invalid_certificate,
                "too many certificates beside the one to verify");
  const Thumbprint question = question_name(leaf, others, expected);
  if (impl_->remembers(question, now)) return {};

  const auto epoch = impl_->revocation->epoch();  // before it is asked: a change counts at once
  const auto path = TRY(verify_path(leaf, others, expected, now));
  const auto good_until = TRY(impl_->revocation->check(path, now));
  if (!good_until) return {};
  auto span = span_of(path, epoch);
  span.until = std::min(span.until, *good_until);
  impl_->remember(question, span);
  return {};
}

Result<std::vector<Certificate>> Trust::verify_path(const Certificate& leaf,
                                                    std::span<const Certificate> others,
                                                    const Expected& expected, Instant now) const {
  CHECK_OR_FAIL(others.size() <= kMaxOthers, ErrorCode::invalid_certificate,
                "too many certificates beside the one to verify");
  const auto anchors = impl_->now_trusted();
  std::vector<Certificate> candidates(others.begin(), others.end());
  // A brand that a successor certified anew carries chains on when the old root has expired.
  candidates.insert(candidates.end(), anchors->file.brands.begin(), anchors->file.brands.end());
  const auto found = TRY(issuers_of(leaf, candidates));
  const auto result = TRY(botan_path(found, anchors->store, now));
  std::vector<Certificate> path;
  for (const auto& x509 : result.cert_path()) {
    const auto at = std::ranges::find_if(
        found, [&](const Certificate& certificate) { return certificate.impl().x509 == x509; });
    path.push_back(at != found.end() ? *at : anchors->root_of(x509));
  }
  TRY(detail::check_path_profile(path, expected));
  return path;
}

Revocation& Trust::revocation() const { return *impl_->revocation; }
void Trust::share(const Trust& other) const { impl_->revocation = other.impl_->revocation; }

Result<bool> Trust::renew(std::string_view pem, Instant now) const {
  while (true) {
    const auto held = impl_->now_trusted();
    if (pem == held->file.pem) return false;
    auto renewed = TRY(detail::renew_trust_file(held->file, pem, now));
    const std::lock_guard lock(impl_->mutex);
    if (impl_->current != held) continue;  // somebody else was quicker: ours comes on top
    if (renewed.pem == held->file.pem) return false;
    impl_->current = std::make_shared<const Anchors>(std::move(renewed));
    return true;
  }
}

const Certificate& Trust::root() const { return impl_->first; }
std::vector<Certificate> Trust::roots() const { return impl_->now_trusted()->file.roots; }
const std::string& Trust::transport_root_pem() const { return impl_->transport_root_pem; }
std::vector<Certificate> Trust::known_roots() const {
  const auto held = impl_->now_trusted();
  auto known = held->file.roots;
  known.insert(known.end(), held->file.earlier.begin(), held->file.earlier.end());
  return known;
}
std::string Trust::pem() const { return impl_->now_trusted()->file.pem; }

}  // namespace set
