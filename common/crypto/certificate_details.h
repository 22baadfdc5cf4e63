// What a linter, a person or a fetcher of CRLs wants to know of a certificate beyond what SET reads
// in it. Called by the CA's linter and commands. Pure; any thread.
#pragma once

#include "common/crypto/certificate.h"

namespace set {

struct CertificateDetails {
  bool is_ca = false;
  std::optional<unsigned> path_limit;
  std::string crl_url;     ///< first URL of the CRL distribution points; empty = none
  std::string issuer_url;  ///< first caIssuers of authority information access; empty = none
  std::string subject, issuer;  ///< O, OU and CN in one line, those that are there
  std::string signature_algorithm;  ///< as Botan spells it
};
CertificateDetails details_of(const Certificate& certificate);

/// A certificate of the transport, as its template would have it.
struct TlsDetails {
  TlsTemplate contents;
  Bytes public_key;  ///< SubjectPublicKeyInfo, DER
  Thumbprint thumbprint;
};
/// decoding_failure if it is no certificate (tls_certificate.cpp).
Result<TlsDetails> tls_details_of(ByteView der);

}  // namespace set
