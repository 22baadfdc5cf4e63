// Evidence as a file: one JSON text for one content, so that a changed byte anywhere is seen.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "common/audit/evidence.h"
#include "common/base/neutral.h"
#include "common/crypto/digest.h"

namespace set {
namespace {

using EvidenceJson = nlohmann::ordered_json;

constexpr std::string_view kFormat = "OpenSET evidence 1";
constexpr std::string_view kDigestLabel = "SET/2 evidence";

tl::unexpected<Error> no_evidence(std::string_view why) {
  return failure(ErrorCode::verification_failed, "the file is no evidence: " + std::string(why));
}

std::string dump(const EvidenceJson& json, int indent) {
  return json.dump(indent, ' ', false, EvidenceJson::error_handler_t::replace);
}

EvidenceJson json_of(const StatementFacts& facts) {
  return {{"message", facts.message},
          {"signer", facts.signer},
          {"certificate", facts.certificate.hex()},
          {"signed_at", to_string(facts.signed_at)},
          {"says", facts.says},
          {"not_revoked_by",
           {{"brand_crl_identifier", facts.bci},
            {"not_before", to_string(facts.bci_from)},
            {"not_after", to_string(facts.bci_until)}}}};
}

EvidenceJson json_of(const EvidenceVerdict& verdict) {
  EvidenceJson out{{"xid", verdict.xid.hex()},
                   {"kept_by", verdict.kept_by},
                   {"statements", EvidenceJson::array()},
                   {"holds", verdict.proofs}};
  for (const auto& facts : verdict.statements) out["statements"].push_back(json_of(facts));
  return out;
}

/// Reads fields of the expected kind; after the first that is missing or wrong nothing counts.
class Reader {
 public:
  std::string text(const EvidenceJson& object, const char* name) {
    const auto* found = find(object, name);
    if (found == nullptr || !found->is_string()) return bad(name), std::string();
    return found->get<std::string>();
  }
  Bytes bytes(const EvidenceJson& object, const char* name, bool required = true) {
    if (!required && object.is_object() && !object.contains(name)) return {};
    return bytes_from(text(object, name), name);
  }
  Bytes bytes_from(const std::string& base64url, const char* name) {
    auto out = from_base64url(base64url);
    if (!out) return bad(name), Bytes();
    return *std::move(out);
  }
  template <class Id>
  Id id(const EvidenceJson& object, const char* name) {
    const auto octets = from_hex(text(object, name));
    if (!octets) return bad(name), Id{};
    const auto out = Id::parse(ByteView(*octets));
    if (!out) return bad(name), Id{};
    return *out;
  }
  /// Each element by `read`.
  template <class Read>
  void each(const EvidenceJson& object, const char* name, const Read& read) {
    const auto* list = find(object, name);
    if (list == nullptr || !list->is_array()) return bad(name);
    for (const auto& element : *list) read(element);
  }
  std::vector<Bytes> all_bytes(const EvidenceJson& object, const char* name) {
    std::vector<Bytes> out;
    each(object, name, [&](const EvidenceJson& element) {
      if (!element.is_string()) return bad(name);
      out.push_back(bytes_from(element.get<std::string>(), name));
    });
    return out;
  }
  const std::string& wrong() const { return wrong_; }

 private:
  static const EvidenceJson* find(const EvidenceJson& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
  }
  void bad(const char* name) {
    if (wrong_.empty()) wrong_ = name;
  }
  std::string wrong_;
};

EvidenceStatement read_statement(Reader& reader, const EvidenceJson& json) {
  EvidenceStatement out;
  out.message = reader.text(json, "message");
  out.evidence = reader.bytes(json, "statement");
  out.order_half = reader.bytes(json, "order_half", false);
  out.payment_half = reader.bytes(json, "payment_half", false);
  if (json.is_object() && json.contains("revocations"))
    out.revocations = reader.id<Thumbprint>(json, "revocations");
  return out;
}

/// Everything but the digest of it.
EvidenceJson body_of(const Evidence& evidence, const EvidenceVerdict& verdict) {
  EvidenceJson out{{"format", kFormat},
                   {"says", json_of(verdict)},
                   {"kept_by", evidence.kept_by},
                   {"xid", evidence.xid.hex()},
                   {"statements", EvidenceJson::array()},
                   {"certificates", EvidenceJson::array()},
                   {"revocations", EvidenceJson::array()},
                   {"trust", evidence.trust_pem}};
  for (const auto& statement : evidence.statements) {
    EvidenceJson json{{"message", statement.message},
                      {"statement", to_base64url(statement.evidence)}};
    if (!statement.order_half.empty()) json["order_half"] = to_base64url(statement.order_half);
    if (!statement.payment_half.empty())
      json["payment_half"] = to_base64url(statement.payment_half);
    if (statement.revocations) json["revocations"] = statement.revocations->hex();
    out["statements"].push_back(std::move(json));
  }
  for (const auto& der : evidence.certificates) out["certificates"].push_back(to_base64url(der));
  for (const auto& set : evidence.revocations) {
    EvidenceJson json{{"bci", to_base64url(set.bci)}, {"crls", EvidenceJson::array()}};
    for (const auto& crl : set.crls) json["crls"].push_back(to_base64url(crl));
    out["revocations"].push_back(std::move(json));
  }
  return out;
}

}  // namespace

namespace detail {

Result<Evidence> parse_evidence(std::string_view file) {
  const auto json = EvidenceJson::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return no_evidence("it is not JSON");
  Reader reader;
  if (reader.text(json, "format") != kFormat) return no_evidence("it is of another format");
  Evidence out;
  out.kept_by = reader.text(json, "kept_by");
  out.xid = reader.id<XID>(json, "xid");
  out.trust_pem = reader.text(json, "trust");
  reader.each(json, "statements", [&](const EvidenceJson& statement) {
    out.statements.push_back(read_statement(reader, statement));
  });
  out.certificates = reader.all_bytes(json, "certificates");
  reader.each(json, "revocations", [&](const EvidenceJson& set) {
    out.revocations.push_back({reader.bytes(set, "bci"), reader.all_bytes(set, "crls")});
  });
  if (!reader.wrong().empty()) return no_evidence("\"" + reader.wrong() + "\" is missing or malformed");
  // Nobody signed this word, and people read it beside what is proved: none but these three.
  if (out.kept_by != "merchant" && out.kept_by != "gateway" && out.kept_by != "cardholder")
    return no_evidence("nobody keeps it who takes part in a purchase");
  return out;
}

std::string evidence_text(const Evidence& evidence, const EvidenceVerdict& verdict) {
  auto json = body_of(evidence, verdict);
  json["digest"] = digest(kDigestLabel, view_of(dump(json, -1))).hex();
  return dump(json, 1) + "\n";
}

}  // namespace detail

Result<std::string> write_evidence(const Evidence& evidence) {
  // In the order in which they were signed, as people read a story.
  const auto facts = TRY(detail::prove(evidence, "")).statements;
  std::vector<std::size_t> order(facts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return facts[i].signed_at; });
  auto sorted = evidence;
  for (std::size_t i = 0; i < order.size(); ++i)
    sorted.statements[i] = evidence.statements[order[i]];
  return detail::evidence_text(sorted, TRY(detail::prove(sorted, "")));
}

std::string verdict_json(const EvidenceVerdict& verdict) {
  auto out = json_of(verdict);
  out["root"] = verdict.root;
  out["verdict"] = "holds";
  return dump(out, 2);
}

std::string verdict_text(const EvidenceVerdict& verdict) {
  std::string out = fmt::format("Purchase {}, evidence kept by the {}.\n", verdict.xid.hex(), verdict.kept_by);
  for (const auto& facts : verdict.statements) {
    out += fmt::format("{}  {}\n  signed by {}\n  certificate {}, not revoked by list {} ({} to {})\n",
                       to_string(facts.signed_at), facts.message, neutralise(facts.signer),
                       facts.certificate.hex(), facts.bci, to_string(facts.bci_from),
                       to_string(facts.bci_until));
    if (!facts.says.empty()) out += fmt::format("  {}\n", neutralise(facts.says, 10'000));
  }
  for (const auto& proof : verdict.proofs)
    out += fmt::format("Holds: {}.\n", neutralise(proof, 1000));
  return out + fmt::format("Everything verifies under the root {}.\n", verdict.root);
}

}  // namespace set
