#include "ca/certs_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ca/lint.h"
#include "ca/store.h"
#include "common/crypto/certificate_details.h"
#include "common/crypto/certificate_pem.h"
#include "common/daemon/files.h"
#include "common/daemon/list_limit.h"
#include "common/daemon/pem.h"

namespace set::ca {
namespace {

using CertsJson = nlohmann::ordered_json;

constexpr int kCertsPage = 500;

std::string text_of(const CertsJson& json, int indent = -1) {
  return json.dump(indent, ' ', false, CertsJson::error_handler_t::replace);
}

std::string state_of(const StoredCertificate& certificate, Instant now) {
  if (certificate.revoked) return "revoked";
  return certificate.not_after <= now ? "expired" : "valid";
}

CertsJson certificate_json(const StoredCertificate& c, Instant now) {
  return CertsJson{{"thumbprint", c.thumbprint.hex()},
              {"kind", c.kind},
              {"role", c.role},
              {"party", c.party_id},
              {"serial", c.serial},
              {"subject", c.subject},
              {"not_before", to_string(c.not_before)},
              {"not_after", to_string(c.not_after)},
              {"state", state_of(c, now)},
              {"issued_at", to_string(c.issued_at)}};
}

std::string csv_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string csv_line(const StoredCertificate& c, Instant now) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{}", c.thumbprint.hex(), c.kind, c.role,
                     csv_text(c.party_id), c.serial, csv_text(c.subject), to_string(c.not_before),
                     to_string(c.not_after), state_of(c, now), to_string(c.issued_at));
}

std::string text_line(const StoredCertificate& c, Instant now) {
  return fmt::format("{}  {:4} {:12} {:8} {}  {}", c.thumbprint.hex().substr(0, 16), c.kind, c.role,
                     state_of(c, now), to_string(c.not_after),
                     c.party_id.empty() ? c.subject : c.party_id);
}

CertificateFilter filter_of(const Config::Certs& options) {
  CertificateFilter filter{options.role, options.brand, options.party, CertificateState::any, {}};
  if (options.state == "valid") filter.state = CertificateState::valid;
  if (options.state == "revoked") filter.state = CertificateState::revoked;
  if (options.state == "expired") filter.state = CertificateState::expired;
  if (options.expiring_within > Duration::zero())
    filter.expiring_within = options.expiring_within;
  return filter;
}

/// `each(certificate)` for all that fit, a page at a time, until it says false.
template <class Each>
Result<void> for_each_certificate(Store& store, const CertificateFilter& filter, Instant now, Each each) {
  std::optional<StoredCertificate> last;
  while (true) {
    auto page = TRY(store.certificates(filter, last ? &*last : nullptr, kCertsPage, now));
    for (const auto& certificate : page) {
      if (!each(certificate)) return {};
    }
    if (page.size() < static_cast<std::size_t>(kCertsPage)) return {};
    last = std::move(page.back());
  }
}

Result<std::vector<StoredCertificate>> find(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  auto found = TRY(store.find_certificates(config.certs.name));
  CHECK_OR_FAIL(!found.empty(), ErrorCode::not_found,
                "there is no such certificate; see set-ca cert list");
  return found;
}

void print_five_lines(const StoredCertificate& c, Instant now) {
  fmt::print("{} {}\n", c.role, c.party_id.empty() ? c.subject : c.party_id + ", " + c.subject);
  fmt::print("  thumbprint  {}\n", c.thumbprint.hex());
  fmt::print("  serial      {}\n", c.serial);
  fmt::print("  valid       {} to {}\n", to_string(c.not_before), to_string(c.not_after));
  fmt::print("  state       {}, issued {}\n", state_of(c, now), to_string(c.issued_at));
}

std::string use_of(const Certificate& certificate) {
  switch (certificate.key_use()) {
    case KeyUse::signature:
      return "signature";
    case KeyUse::key_exchange:
      return "key exchange";
    case KeyUse::certificate_signing:
      break;
  }
  return "certificate signing";
}

CertsJson full_json(const StoredCertificate& stored, Instant now) {
  auto out = certificate_json(stored, now);
  const auto certificate = Certificate::parse(stored.der);
  if (!certificate) return out;  // of the transport
  const auto details = details_of(*certificate);
  out["issuer"] = details.issuer;
  out["use"] = use_of(*certificate);
  out["signature_algorithm"] = details.signature_algorithm;
  out["policies"] = certificate->policies();
  if (details.path_limit) out["path_limit"] = *details.path_limit;
  if (!details.crl_url.empty()) out["crl_url"] = details.crl_url;
  if (!details.issuer_url.empty()) out["issuer_url"] = details.issuer_url;
  if (const auto& merchant = certificate->merchant_data()) {
    out["merchant_data"] = CertsJson{{"merchant_id", merchant->merchant_id},
                                {"acquirer_bin", merchant->acquirer_bin},
                                {"name", merchant->name},
                                {"city", merchant->city},
                                {"country", merchant->country}};
  }
  if (const auto required = certificate->card_cert_required())
    out["card_cert_required"] = *required;
  out["public_key"] = to_hex(certificate->public_key());
  return out;
}

void print_full(const StoredCertificate& stored, Instant now) {
  const auto json = full_json(stored, now);
  for (const auto& [name, value] : json.items())
    fmt::print("{:20} {}\n", name, value.is_string() ? value.get<std::string>() : text_of(value));
}

// --- lint ---

/// The CA's own certificates, newest of each role.
Result<std::vector<Certificate>> authorities_of(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  std::vector<Certificate> out;
  for (const Role role :
       {Role::rca, Role::bca, Role::gca, Role::cca, Role::mca, Role::pca}) {
    if (const auto stored = TRY(store.newest_certificate(to_string(role))))
      out.push_back(TRY(Certificate::parse(stored->der)));
  }
  return out;
}

Result<std::vector<Bytes>> certificates_to_lint(const Config& config) {
  std::error_code error;
  const std::filesystem::path file = config.certs.name;
  if (!std::filesystem::is_regular_file(file, error)) {
    std::vector<Bytes> out;
    for (auto& stored : TRY(find(config))) out.push_back(std::move(stored.der));
    return out;
  }
  auto content = TRY(read_file(file));
  const std::string text = string_of(content);
  if (text.find("-----BEGIN") == std::string::npos) {
    std::vector<Bytes> der;
    der.push_back(std::move(content));
    return der;
  }
  return certificates_of_pem(text, file.string());
}

const Certificate* issuer_among(const std::vector<Certificate>& authorities,
                                const Certificate& certificate) {
  const auto issuer = details_of(certificate).issuer;
  for (const auto& authority : authorities) {
    if (!certificate.is_self_signed() && details_of(authority).subject == issuer)
      return &authority;
  }
  return nullptr;
}

/// A rule that does not hold.
struct Finding {
  Severity severity;
  std::string_view id, source, text;
};
struct Findings {
  Thumbprint certificate;
  std::size_t rules = 0;
  std::vector<Finding> broken;
};

/// Of SET's certificates by SET's rules, of the transport's by theirs.
Result<Findings> lint_of(ByteView der, const std::vector<Certificate>& authorities) {
  if (const auto certificate = Certificate::parse(der)) {
    Findings out{certificate->thumbprint(), lint_rules().size(), {}};
    for (const auto* rule :
         lint(lint_subject(*certificate, issuer_among(authorities, *certificate))))
      out.broken.push_back({rule->severity, rule->id, rule->source, rule->text});
    return out;
  }
  const auto details = tls_details_of(der);
  CHECK_OR_FAIL(details, ErrorCode::verification_failed,
                "this is neither a certificate of our profile nor one of the transport");
  Findings out{details->thumbprint, tls_lint_rules().size(), {}};
  for (const auto* rule : lint(TlsLintSubject{details->contents, details->public_key}))
    out.broken.push_back({Severity::error, rule->id, rule->source, rule->text});
  return out;
}

/// What is said of one certificate; the number of errors.
int report(const Findings& findings, bool json) {
  int errors = 0;
  auto broken = CertsJson::array();
  const auto word = [](const Finding& finding) {
    return finding.severity == Severity::error ? "error" : "notice";
  };
  for (const auto& finding : findings.broken) {
    errors += finding.severity == Severity::error ? 1 : 0;
    broken.push_back(CertsJson{{"rule", finding.id},
                               {"severity", word(finding)},
                               {"source", finding.source},
                               {"text", finding.text}});
  }
  if (json) {
    fmt::print("{}\n", text_of(CertsJson{{"thumbprint", findings.certificate.hex()},
                                         {"rules", findings.rules},
                                         {"findings", broken}}));
    return errors;
  }
  fmt::print("{}: {} rules, {} broken\n", findings.certificate.hex(), findings.rules,
             findings.broken.size());
  for (const auto& finding : findings.broken) {
    fmt::print("  {:6}  {}: {} ({})\n", word(finding), finding.id, finding.text, finding.source);
  }
  return errors;
}

}  // namespace

Result<void> list_certificates(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  const auto now = system_clock()();
  const auto& options = config.certs;
  const bool json = config.common.json;
  bool first = true;
  if (options.csv)
    fmt::print("thumbprint,kind,role,party,serial,subject,not_before,not_after,state,issued_at\n");
  if (json && !options.csv) fmt::print("[");
  const auto limit = options.limit.of_pages(json || options.csv);
  std::size_t shown = 0;
  bool left_out = false;
  TRY(for_each_certificate(store, filter_of(options), now, [&](const StoredCertificate& certificate) {
    left_out = limit.is_full(shown++);
    if (left_out) return false;
    if (options.csv) {
      fmt::print("{}\n", csv_line(certificate, now));
    } else if (json) {
      fmt::print("{}{}", std::exchange(first, false) ? "\n" : ",\n", text_of(certificate_json(certificate, now)));
    } else {
      fmt::print("{}\n", text_line(certificate, now));
    }
    return true;
  }));
  if (json && !options.csv) fmt::print("\n]\n");
  if (left_out) say_rows_left_out(limit);
  return {};
}

Result<void> show_certificate(const Config& config) {
  const auto found = TRY(find(config));
  const auto now = system_clock()();
  auto all = CertsJson::array();
  for (const auto& certificate : found) {
    if (config.certs.pem) {
      fmt::print("{}", certificate_pem(certificate.der));
    } else if (config.common.json) {
      all.push_back(config.certs.full ? full_json(certificate, now) : certificate_json(certificate, now));
    } else if (config.certs.full) {
      print_full(certificate, now);
    } else {
      print_five_lines(certificate, now);
    }
  }
  if (config.common.json && !config.certs.pem) fmt::print("{}\n", text_of(all, 2));
  return {};
}

Result<void> lint_certificates(const Config& config) {
  const auto certificates = TRY(certificates_to_lint(config));
  const auto authorities = TRY(authorities_of(config));
  int errors = 0;
  for (const auto& der : certificates) {
    errors += report(TRY(lint_of(der, authorities)), config.common.json);
  }
  CHECK_OR_FAIL(errors == 0, ErrorCode::verification_failed,
                std::to_string(errors) + (errors == 1 ? " rule is" : " rules are") + " broken");
  return {};
}

}  // namespace set::ca
