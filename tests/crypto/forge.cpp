#include "forge.h"

#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>
#include <botan/x509_ca.h>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/set_extensions.h"

namespace set::test {
namespace {

Forgery taken_apart(const Certificate& certificate) {
  const auto& x509 = certificate.impl().x509;
  Forgery forgery{.serial = Botan::BigInt(x509.serial_number()),
                  .issuer = x509.issuer_dn(),
                  .subject = x509.subject_dn(),
                  .not_before = x509.not_before(),
                  .not_after = x509.not_after(),
                  .spki = x509.subject_public_key_info(),
                  .extensions = {}};
  for (const auto& [oid, value] : x509.v3_extensions().extensions_raw()) {
    forgery.set_extension(oid.to_string(), value.first, value.second);
  }
  return forgery;
}

Bytes put_together(const Forgery& forgery, Botan::PK_Signer& signer) {
  return Botan::X509_CA::make_cert(signer, Botan::system_rng(), forgery.serial,
                                   signer.algorithm_identifier(), forgery.spki, forgery.not_before,
                                   forgery.not_after, forgery.issuer, forgery.subject,
                                   forgery.extensions)
      .BER_encode();
}

}  // namespace

void Forgery::set_extension(const std::string& oid, Bytes der, bool critical) {
  extensions.replace(detail::private_extension(Botan::OID(oid), std::move(der)), critical);
}

void Forgery::set_extension(std::unique_ptr<Botan::Certificate_Extension> extension,
                            bool critical) {
  extensions.replace(std::move(extension), critical);
}

Bytes forge(const Certificate& like, const SoftwareSigner& by,
            const std::function<void(Forgery&)>& edit) {
  auto forgery = taken_apart(like);
  edit(forgery);
  const auto pkcs8 = by.pkcs8();
  const auto key = Botan::PKCS8::load_key(pkcs8.reveal());
  Botan::PK_Signer signer(*key, Botan::system_rng(), "Randomized");
  return put_together(forgery, signer);
}

Bytes forge_with_ecdsa(const Certificate& like) {
  const auto tls = TlsKey::generate(Rng::system());
  const auto key = Botan::PKCS8::load_key(view_of(tls.private_key_pem.reveal()));
  Botan::PK_Signer signer(*key, Botan::system_rng(), "SHA-256",
                          Botan::Signature_Format::DerSequence);
  return put_together(taken_apart(like), signer);
}

}  // namespace set::test
