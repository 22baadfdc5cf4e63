#include "common/crypto/certificate_details.h"

#include <botan/x509_ext.h>

#include "common/crypto/certificate_impl.h"
#include "common/crypto/guarded.h"

namespace set {
namespace {

namespace ext = Botan::Cert_Extension;

void add(std::string& line, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  line += (line.empty() ? "" : ", ") + std::string(name) + "=" + value;
}

std::string line_of(const Botan::X509_DN& name) {
  std::string line;
  add(line, "O", name.get_first_attribute("X520.Organization"));
  add(line, "OU", name.get_first_attribute("X520.OrganizationalUnit"));
  add(line, "CN", name.get_first_attribute("X520.CommonName"));
  return line;
}

}  // namespace

CertificateDetails details_of(const Certificate& certificate) {
  return infallible([&] {
    const auto& x509 = certificate.impl().x509;
    const auto& extensions = x509.v3_extensions();
    CertificateDetails out;
    if (const auto* basic = extensions.get_extension_object_as<ext::Basic_Constraints>()) {
      out.is_ca = basic->is_ca();
      if (const auto limit = basic->path_length_constraint())
        out.path_limit = static_cast<unsigned>(*limit);
    }
    if (const auto* points = extensions.get_extension_object_as<ext::CRL_Distribution_Points>()) {
      if (!points->crl_distribution_urls().empty())
        out.crl_url = points->crl_distribution_urls().front();
    }
    const auto issuers = x509.ca_issuers();
    if (!issuers.empty()) out.issuer_url = issuers.front();
    out.subject = line_of(x509.subject_dn());
    out.issuer = line_of(x509.issuer_dn());
    out.signature_algorithm = x509.signature_algorithm().oid().to_formatted_string();
    return out;
  });
}

}  // namespace set
