#include "common/crypto/signature.h"

#include <botan/pkcs8.h>
#include <botan/system_rng.h>
#include <botan/x509_key.h>

#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/operation_counts.h"
#include "common/crypto/signature_impl.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

// FIPS 204's default: rho' is made from the key and fresh random octets.
constexpr std::string_view kHedged = "Randomized";

// A prepared verifier is 30 to 60 kB; the parties that a thread hears often fit.
constexpr std::size_t kVerifiersPerThread = 32;

constexpr const char* kBadSignature = "a signature does not verify";

std::string_view parameters_of(SignatureAlgorithm algorithm) {
  return algorithm == SignatureAlgorithm::ml_dsa_87 ? suite::kRootSignature
                                                    : suite::kEndEntitySignature;
}

Result<SignatureAlgorithm> algorithm_of(const Botan::Public_Key& key) {
  const std::string name = key.object_identifier().to_formatted_string();
  if (name == suite::kEndEntitySignature) return SignatureAlgorithm::ml_dsa_65;
  if (name == suite::kRootSignature) return SignatureAlgorithm::ml_dsa_87;
  return failure(ErrorCode::decoding_failure, "the key is neither ML-DSA-65 nor ML-DSA-87");
}

std::unique_ptr<SoftwareSigner::Impl> make_impl(const Botan::Private_Key& key,
                                                SignatureAlgorithm algorithm) {
  const auto pkcs8 = std::make_shared<const SecretBytes>(key.private_key_info());
  const auto prepare = [pkcs8] {
    return std::make_unique<detail::PreparedSigner>(pkcs8->reveal());
  };
  return std::unique_ptr<SoftwareSigner::Impl>(
      new SoftwareSigner::Impl{.algorithm = algorithm,
                               .pkcs8 = pkcs8,
                               .public_key = key.subject_public_key(),
                               .signers = LendingPool<detail::PreparedSigner>(prepare)});
}

}  // namespace

namespace detail {

PreparedSigner::PreparedSigner(ByteView pkcs8)
    : key(Botan::PKCS8::load_key(pkcs8)), signer(*key, Botan::system_rng(), kHedged) {}

Result<MlDsaKey> parse_ml_dsa_key(ByteView spki) {
  return guarded(ErrorCode::decoding_failure, "a public key is malformed",
                 [&]() -> Result<MlDsaKey> {
                   auto key = Botan::X509::load_key(spki);
                   const auto algorithm = TRY(algorithm_of(*key));
                   // RFC 9881 has one encoding: no parameters, nothing after the key.
                   CHECK_OR_FAIL(equal(key->subject_public_key(), spki),
                                 ErrorCode::decoding_failure, "a public key is not in DER");
                   return MlDsaKey{algorithm, std::move(key)};
                 });
}

}  // namespace detail

SoftwareSigner SoftwareSigner::generate(SignatureAlgorithm algorithm, Rng& rng) {
  return infallible([&] {
    const Botan::ML_DSA_PrivateKey key(rng.botan(), Botan::ML_DSA_Mode(parameters_of(algorithm)));
    return SoftwareSigner(make_impl(key, algorithm));
  });
}

Result<SoftwareSigner> SoftwareSigner::from_pkcs8(ByteView der) {
  return guarded(ErrorCode::decoding_failure, "a private signature key is malformed",
                 [&]() -> Result<SoftwareSigner> {
                   const auto key = Botan::PKCS8::load_key(der);
                   const auto algorithm = TRY(algorithm_of(*key));
                   return SoftwareSigner(make_impl(*key, algorithm));
                 });
}

SoftwareSigner::SoftwareSigner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SoftwareSigner::SoftwareSigner(SoftwareSigner&&) noexcept = default;
SoftwareSigner& SoftwareSigner::operator=(SoftwareSigner&&) noexcept = default;
SoftwareSigner::~SoftwareSigner() = default;

Result<Bytes> SoftwareSigner::sign(ByteView message) const {
  ++operation_counts.signatures;  // of messages; those in certificates and CRLs are Botan's own
  return guarded(ErrorCode::internal, "signing failed", [&] {
    return impl_->signers.use([&](detail::PreparedSigner& prepared) {
      return prepared.signer.sign_message(message, Botan::system_rng());
    });
  });
}

const Bytes& SoftwareSigner::public_key() const { return impl_->public_key; }
SecretBytes SoftwareSigner::pkcs8() const { return impl_->pkcs8->clone(); }
SignatureAlgorithm SoftwareSigner::algorithm() const { return impl_->algorithm; }

namespace {

Result<void> verify_uncounted(ByteView public_key, ByteView message, ByteView signature) {
  thread_local RecentlyUsed<Botan::PK_Verifier> verifiers(kVerifiersPerThread);

  const Thumbprint name = thumbprint_of(public_key);
  auto verifier = verifiers.take(name);
  if (!verifier) {
    auto parsed = detail::parse_ml_dsa_key(public_key);
    CHECK_OR_FAIL(parsed, ErrorCode::signature_failure, kBadSignature);
    verifier = TRY(guarded(ErrorCode::signature_failure, kBadSignature,
                           [&] { return std::make_unique<Botan::PK_Verifier>(*parsed->key, ""); }));
  }
  const bool verified = TRY(guarded(ErrorCode::signature_failure, kBadSignature,
                                    [&] { return verifier->verify_message(message, signature); }));
  // A verifier that said no is not put back: what state it is left in is nobody's promise.
  CHECK_OR_FAIL(verified, ErrorCode::signature_failure, kBadSignature);
  verifiers.put(name, std::move(verifier));
  return {};
}

}  // namespace

Result<void> verify_signature(ByteView public_key, ByteView message, ByteView signature) {
  auto verified = verify_uncounted(public_key, message, signature);
  ++(verified ? operation_counts.verifications : operation_counts.bad_signatures);
  return verified;
}

}  // namespace set
