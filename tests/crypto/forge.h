// Certificates that our own issuing function would never make: a good one is taken apart, changed
// and signed anew.
#pragma once

#include <botan/bigint.h>
#include <botan/x509_ext.h>
#include <botan/x509cert.h>

#include <functional>
#include <string>

#include "pki.h"

namespace set::test {

/// What can be changed; it starts as in the certificate that is imitated.
struct Forgery {
  Botan::BigInt serial;
  Botan::X509_DN issuer, subject;
  Botan::X509_Time not_before, not_after;
  Bytes spki;
  Botan::Extensions extensions;

  void set_name(std::initializer_list<std::pair<std::string_view, std::string_view>> attributes) {
    subject = Botan::X509_DN(attributes);
  }
  /// Any extension by dotted OID and DER.
  void set_extension(const std::string& oid, Bytes der, bool critical = false);
  void set_extension(std::unique_ptr<Botan::Certificate_Extension> extension, bool critical);
};

/// DER of the certificate, changed by `edit` and signed by `by`.
Bytes forge(const Certificate& like, const SoftwareSigner& by,
            const std::function<void(Forgery&)>& edit);
/// The same, signed with ECDSA P-256.
Bytes forge_with_ecdsa(const Certificate& like);

}  // namespace set::test
