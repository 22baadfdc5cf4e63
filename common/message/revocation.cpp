#include "common/message/revocation.h"

#include <algorithm>

#include "common/crypto/digest.h"
#include "common/message/fields.h"
#include "common/message/seal.h"

namespace set {
namespace {

constexpr std::uint32_t kBCIVersion = 2;
constexpr int kMaxIdentifiers = 16;
constexpr int kMaxBciCertificates = 16;
constexpr int kMaxBrands = 8;
constexpr int kMaxCrls = kMaxBrands * kMaxIdentifiers;
constexpr std::uint64_t kMaxCrlNumber = 0xFFFF'FFFF;

/// A BCI taken apart, nothing of it verified.
struct ReadBCI {
  wire::Signed statement;
  BrandCRLIdentifier bci;
  std::vector<Certificate> certificates;
};

Result<ReadBCI> read_bci(ByteView bytes) {
  auto outer = TRY(parse_as<wire::BrandCRLIdentifier>(bytes));
  CHECK_OR_FAIL(outer.has_statement(), ErrorCode::decoding_failure, "the BCI is empty");
  const auto& statement = outer.statement();
  CHECK_OR_FAIL(statement.content_type() == kBCIContentType && statement.form() == 1,
                ErrorCode::decoding_failure, "the statement is no BCI, or signed in another form");
  const auto content = TRY(parse_as<wire::BrandCRLIdentifierTBS>(view_of(statement.content())));
  auto bci = TRY(from_wire(content));
  CHECK_OR_FAIL(outer.certificates_size() <= kMaxBciCertificates, ErrorCode::decoding_failure,
                "the BCI brings more certificates than it needs");
  ReadBCI out{statement, std::move(bci), {}};
  for (const auto& der : outer.certificates()) {
    out.certificates.push_back(TRY(Certificate::parse(view_of(der))));
  }
  return out;
}

/// "Signed by the brand": by the key that the brand certified for it. Its path to the root.
Result<std::vector<Certificate>> verify_signer(const ReadBCI& read, const Trust& trust, Instant now) {
  const auto thumbprint = TRY(Thumbprint::parse(read.statement.signer()));
  const auto signer = std::ranges::find(read.certificates, thumbprint, &Certificate::thumbprint);
  CHECK_OR_FAIL(signer != read.certificates.end(), ErrorCode::missing_certificate,
                "the certificate of the BCI's signer is not enclosed");
  auto path = TRY(trust.verify_path(*signer, read.certificates,
                                    {Role::bca, KeyUse::signature, read.bci.brand}, now));
  const auto input = signature_input(kBCIContentType, view_of(read.statement.content()));
  CHECK_OR_FAIL(verify_signature(signer->public_key(), input, view_of(read.statement.signature())),
                ErrorCode::signature_failure, "the BCI's signature does not verify");
  return path;
}

Result<void> verify_crl(const Crl& crl, const ReadBCI& read,
                        std::span<const Certificate> signers_path, const Trust& trust,
                        Instant now) {
  // Root and brand, the brand as the root that we trust has certified it.
  for (const auto& above : signers_path.subspan(1)) {
    if (TRY(key_id_of(above)) == crl.issuer()) return crl.verify(above);
  }
  for (const auto& root : trust.known_roots()) {
    if (TRY(key_id_of(root)) == crl.issuer()) return crl.verify(root);
  }
  for (const auto& issuer : read.certificates) {
    const bool signs = issuer.key_use() == KeyUse::certificate_signing;
    if (!signs || TRY(key_id_of(issuer)) != crl.issuer()) continue;
    const Expected expected{issuer.roles().front(), KeyUse::certificate_signing, read.bci.brand};
    TRY(trust.verify_path(issuer, read.certificates, expected, now));
    return crl.verify(issuer);
  }
  return failure(ErrorCode::missing_certificate,
                 "the certificate of a CRL's issuer is not enclosed");
}

/// The newest of those that came along and the one that is known.
const Crl* newest_of(const KeyId& issuer, std::span<const Crl> crls,
                     const BrandRevocations* known) {
  const auto* found = known != nullptr ? known->find(issuer) : nullptr;
  for (const auto& crl : crls) {
    if (crl.issuer() == issuer && (found == nullptr || crl.number() > found->number()))
      found = &crl;
  }
  return found;
}

bool is_known(const Crl& crl, const BrandRevocations* known) {
  const auto* held = known != nullptr ? known->find(crl.issuer()) : nullptr;
  return held != nullptr && held->thumbprint() == crl.thumbprint();
}

/// A root's list is the word of whom everybody trusts; no BCI need name it. (A CA's list alone means
/// nothing.)
Result<void> adopt_root_lists(std::span<const Crl> crls, const Trust& trust) {
  const auto roots = trust.roots();
  for (const auto& crl : crls) {
    for (const auto& root : roots) {
      if (TRY(key_id_of(root)) != crl.issuer()) continue;
      TRY(crl.verify(root));
      trust.revocation().adopt_root_list(crl);
    }
  }
  return {};
}

/// A set that revokes the key which signed it, or the brand above, speaks for nobody.
Result<void> check_not_revoked(std::span<const Certificate> path, const BrandRevocations& by) {
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const auto* crl = by.find(TRY(key_id_of(path[i + 1])));
    CHECK_OR_FAIL(crl == nullptr || !crl->find(path[i]), ErrorCode::revoked_certificate,
                  "the certificate of the BCI's signer is revoked");
  }
  return {};
}

}  // namespace

wire::BrandCRLIdentifierTBS to_wire(const BrandCRLIdentifier& bci) {
  wire::BrandCRLIdentifierTBS out;
  out.set_version(kBCIVersion);
  out.set_sequence_num(bci.sequence_num);
  out.set_brand_id(bci.brand);
  out.set_not_before_ms(to_millis(bci.not_before));
  out.set_not_after_ms(to_millis(bci.not_after));
  for (const auto& crl : bci.crls) {
    auto& identifier = *out.add_crl_identifiers();
    identifier.set_issuer_key_id(crl.issuer.str());
    identifier.set_crl_number(crl.crl_number);
  }
  return out;
}

Result<BrandCRLIdentifier> from_wire(const wire::BrandCRLIdentifierTBS& bci) {
  FieldReader fields;
  fields.require(bci.version() == kBCIVersion, "the BCI is of another version");
  fields.require(bci.sequence_num() >= 1, "the BCI has no sequence number");
  fields.require(bci.not_before_ms() < bci.not_after_ms(), "the BCI ends before it begins");
  const auto identifier = [&](const wire::CRLIdentifier& crl) {
    fields.require(crl.crl_number() >= 1 && crl.crl_number() <= kMaxCrlNumber,
                   "a crlNumber is out of range");
    return CRLIdentifier{fields.id<KeyId>(crl.issuer_key_id()), crl.crl_number()};
  };
  BrandCRLIdentifier out{
      bci.sequence_num(), fields.brand(bci.brand_id()),
      fields.instant(bci.not_before_ms(), "notBefore"),
      fields.instant(bci.not_after_ms(), "notAfter"),
      fields.list(bci.crl_identifiers(), 0, kMaxIdentifiers, "crlIdentifierSeq", identifier)};
  for (auto crl = out.crls.begin(); crl != out.crls.end(); ++crl) {
    fields.require(std::find_if(std::next(crl), out.crls.end(),
                                [&](const auto& other) { return other.issuer == crl->issuer; }) ==
                       out.crls.end(),
                   "the BCI names an issuer twice");
  }
  return fields.finish(std::move(out));
}

Result<Bytes> make_bci(const BrandCRLIdentifier& bci, const BCISigner& signer,
                       std::span<const Certificate> certificates) {
  const auto content = serialize(to_wire(bci));
  wire::BrandCRLIdentifier out;
  auto& statement = *out.mutable_statement();
  statement.set_content_type(std::string(kBCIContentType));
  statement.set_content(string_of(content));
  statement.set_signer(signer.certificate.thumbprint().str());
  statement.set_form(1);
  const auto signature = TRY(signer.key.sign(signature_input(kBCIContentType, content)));
  statement.set_signature(string_of(signature));
  out.add_certificates(string_of(signer.certificate.der()));
  for (const auto& certificate : certificates) out.add_certificates(string_of(certificate.der()));
  return serialize(out);
}

Result<BrandRevocations> accept_bci(ByteView bci, std::span<const Crl> crls, const Trust& trust,
                                    Instant now) {
  const auto read = TRY(read_bci(bci));
  const auto known = trust.revocation().of(read.bci.brand);
  CHECK_OR_FAIL(known == nullptr || read.bci.sequence_num >= known->sequence_num,
                ErrorCode::conflict,
                "the BCI has a lower sequence number than the one that is known");
  const auto path = TRY(verify_signer(read, trust, now));
  CHECK_OR_FAIL(read.bci.not_before <= now + kRevocationSkew, ErrorCode::message_too_new,
                "the BCI is from the future: compare the clocks");
  BrandRevocations set{.brand = read.bci.brand,
                       .sequence_num = read.bci.sequence_num,
                       .not_before = read.bci.not_before,
                       .not_after = read.bci.not_after,
                       .identifiers = read.bci.crls,
                       .crls = {},
                       .bci = bytes_of(bci),
                       .thumbprint = thumbprint_of(bci)};
  for (const auto& identifier : set.identifiers) {
    const auto* crl = newest_of(identifier.issuer, crls, known.get());
    CHECK_OR_FAIL(crl != nullptr && crl->number() >= identifier.crl_number,
                  ErrorCode::missing_certificate, "a CRL that the BCI names is missing");
    if (!is_known(*crl, known.get())) TRY(verify_crl(*crl, read, path, trust, now));
    set.crls.push_back(*crl);
  }
  TRY(check_not_revoked(path, set));
  // Nor does a key that is known to be revoked, whatever its own set leaves out.
  if (known != nullptr) TRY(check_not_revoked(path, *known));
  return set;
}

Result<void> adopt_revocations(const wire::CertificateBag& bag, const Trust& trust, Instant now) {
  if (bag.brand_crl_ids().empty() && bag.crls().empty()) return {};
  CHECK_OR_FAIL(bag.brand_crl_ids_size() <= kMaxBrands && bag.crls_size() <= kMaxCrls,
                ErrorCode::decoding_failure, "more BCIs or CRLs came along than anybody needs");
  std::vector<Crl> crls;
  for (const auto& der : bag.crls()) crls.push_back(TRY(Crl::parse(view_of(der))));
  TRY(adopt_root_lists(crls, trust));
  for (const auto& bytes : bag.brand_crl_ids()) {
    const auto read = TRY(read_bci(view_of(bytes)));
    const auto known = trust.revocation().of(read.bci.brand);
    if (known != nullptr && read.bci.sequence_num <= known->sequence_num) continue;
    const auto adopted =
        trust.revocation().adopt(TRY(accept_bci(view_of(bytes), crls, trust, now)));
    // Somebody else was faster with a newer one.
    if (!adopted && adopted.error().code != ErrorCode::conflict) return adopted;
  }
  return {};
}

void add_held_revocations(wire::Thumbs& thumbs, const Trust& trust) {
  std::vector<Thumbprint> held;
  const auto add = [&](const Crl& crl) {
    if (std::ranges::find(held, crl.thumbprint()) != held.end()) return;
    held.push_back(crl.thumbprint());
    thumbs.add_crl_thumbs(crl.thumbprint().str());
  };
  for (const auto& [brand, set] : trust.revocation().all()) {
    thumbs.add_brand_crl_id_thumbs(set->thumbprint.str());
    std::ranges::for_each(set->crls, add);
  }
  std::ranges::for_each(trust.revocation().root_lists(), add);
}

void add_root_lists(wire::CertificateBag& bag, const Revocation& known, const Thumbs& held) {
  for (const auto& list : known.root_lists()) {
    const auto& bytes = list.der();
    const bool there = std::ranges::find(held.crls, list.thumbprint()) != held.crls.end() ||
                       std::ranges::find(bag.crls(), string_of(bytes)) != bag.crls().end();
    if (!there) bag.add_crls(string_of(bytes));
  }
}

void add_revocations(wire::CertificateBag& bag, const BrandRevocations& set, const Thumbs& held,
                     std::size_t max_bytes) {
  const auto holds = [](const std::vector<Thumbprint>& thumbs, const Thumbprint& thumbprint) {
    return std::ranges::find(thumbs, thumbprint) != thumbs.end();
  };
  if (holds(held.brand_crl_ids, set.thumbprint)) return;
  std::vector<const Crl*> lacking;
  std::size_t bytes = set.bci.size();
  for (const auto& crl : set.crls) {
    if (holds(held.crls, crl.thumbprint())) continue;
    lacking.push_back(&crl);
    bytes += crl.der().size();
  }
  if (bytes > max_bytes) return;
  bag.add_brand_crl_ids(string_of(set.bci));
  for (const auto* crl : lacking) bag.add_crls(string_of(crl->der()));
}

}  // namespace set
