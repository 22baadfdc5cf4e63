#include "common/audit/evidence.h"

#include <algorithm>
#include <set>

#include "common/audit/proof.h"
#include "common/crypto/certificate_details.h"

namespace set {
namespace {

constexpr std::size_t kMostStatements = 1000;
constexpr std::size_t kLongestChain = 8;
// A daemon may hold to an old list for as long as its operator allows; the verdict says its dates.
constexpr Duration kEvidenceGrace = std::chrono::hours(72);

tl::unexpected<Error> broken(const std::string& what, const std::string& why) {
  return failure(ErrorCode::verification_failed, what + ": " + why);
}

template <class T>
Result<T> unbroken(Result<T> result, const std::string& what) {
  if (!result) return broken(what, result.error().detail);
  return result;
}

Result<std::vector<Certificate>> read_certificates(const Evidence& evidence) {
  std::vector<Certificate> out;
  for (const auto& der : evidence.certificates) {
    auto certificate = Certificate::parse(der);
    if (!certificate) return broken("a certificate", certificate.error().detail);
    out.push_back(*std::move(certificate));
  }
  return out;
}

/// The signer and whatever may stand above it, since a message's bag has few.
wire::CertificateBag bag_for(const Thumbprint& signer, const std::vector<Certificate>& all) {
  wire::CertificateBag bag;
  const auto leaf = std::ranges::find(all, signer, &Certificate::thumbprint);
  if (leaf == all.end()) return bag;
  bag.add_certificates(string_of(leaf->der()));
  auto wanted = details_of(*leaf).issuer;
  for (std::size_t height = 0; height < kLongestChain; ++height) {
    std::string next;
    for (const auto& certificate : all) {
      const auto details = details_of(certificate);
      if (!details.is_ca || details.subject != wanted || details.subject == details.issuer) continue;
      bag.add_certificates(string_of(certificate.der()));
      next = details.issuer;
    }
    if (next.empty()) break;
    wanted = next;
  }
  return bag;
}

Result<BrandRevocations> read_lists(const EvidenceRevocations& set, const Trust& trust, Instant at) {
  const auto outer = TRY(parse_as<wire::BrandCRLIdentifier>(set.bci));
  const auto inner = TRY(parse_as<wire::BrandCRLIdentifierTBS>(view_of(outer.statement().content())));
  std::vector<Crl> crls;
  for (const auto& der : set.crls) crls.push_back(TRY(Crl::parse(der)));
  // One that was made after the statement knows more, not less.
  auto lists = TRY(accept_bci(set.bci, crls, trust, std::max(at, from_millis(inner.not_before_ms()))));
  CHECK_OR_FAIL(lists.crls.size() == set.crls.size(), ErrorCode::verification_failed,
                "it comes with a list that it does not name");
  return lists;
}

/// What stands in the file is there because a statement needs it.
Result<void> check_all_needed(const Evidence& evidence, const std::vector<Certificate>& certificates,
                              const std::set<std::string>& used) {
  for (const auto& certificate : certificates) {
    if (!used.contains(string_of(certificate.der())))
      return broken("a certificate", "no statement in the file needs it");
  }
  for (const auto& set : evidence.revocations) {
    const auto thumbprint = thumbprint_of(set.bci);
    const auto named = std::ranges::any_of(evidence.statements, [&](const auto& statement) {
      return statement.revocations == thumbprint;
    });
    if (!named) return broken("a revocation list", "no statement in the file needs it");
  }
  return {};
}

/// Trust as it was at the time of one statement, with the lists that were known.
Result<Trust> trust_at(const Evidence& evidence, const EvidenceStatement& statement,
                       std::string_view root_fingerprint, Instant at) {
  auto trust = TRY(unbroken(Trust::parse(evidence.trust_pem, root_fingerprint, at), "the trust file"));
  if (trust.pem() != evidence.trust_pem)
    return broken("the trust file", "it holds something that does not fit the root");
  trust.revocation().set_policy({.required = true, .grace = kEvidenceGrace});
  if (!statement.revocations) return broken(statement.message, "no revocation list was known when it was kept");
  for (const auto& set : evidence.revocations) {
    if (thumbprint_of(set.bci) != *statement.revocations) continue;
    auto lists = read_lists(set, trust, at);
    if (!lists) return broken("a revocation list", lists.error().detail);
    const auto adopted = trust.revocation().adopt(*std::move(lists));
    if (!adopted) return broken("a revocation list", adopted.error().detail);
    return trust;
  }
  return broken(statement.message, "the revocation list that it names is not in the file");
}

std::string signer_name(const Certificate& signer) {
  const auto party = name_of(party_name(signer));
  return party.empty() ? "cardholder " + signer.common_name() + " of " + signer.brand() : party;
}

struct Proved {
  detail::AnyStatement statement;
  StatementFacts facts;
};

template <class T>
Result<Proved> prove_as(const Evidence& evidence, const EvidenceStatement& kept,
                        const std::vector<Certificate>& certificates,
                        std::string_view root_fingerprint, std::set<std::string>& used) {
  const auto what = kept.message;
  const auto statement = TRY(unbroken(parse_as<wire::Signed>(kept.evidence), what));
  const auto content = TRY(
      unbroken(parse_as<typename Treatment<T>::Wire>(view_of(statement.content())), what));
  const auto signer = TRY(unbroken(Thumbprint::parse(statement.signer()), what));
  const auto at = from_millis(content.header().created_at_ms());
  const auto trust = TRY(trust_at(evidence, kept, root_fingerprint, at));
  const auto bag = bag_for(signer, certificates);
  used.insert(bag.certificates().begin(), bag.certificates().end());
  auto opened = TRY(unbroken(Opener::statement<T>(statement, bag, trust, at), what));
  const auto purchases = purchases_of(*opened, opened.head().trans_ids);
  if (std::ranges::find(purchases, evidence.xid) == purchases.end())
    return broken(what, "it is about another purchase");
  StatementFacts facts{.message = what,
                       .signer = signer_name(opened.signer()),
                       .certificate = opened.signer().thumbprint(),
                       .signed_at = at,
                       .says = {}};
  if (const auto lists = trust.revocation().of(opened.signer().brand())) {
    facts.bci = lists->sequence_num;
    facts.bci_from = lists->not_before;
    facts.bci_until = lists->not_after;
  }
  detail::AnyStatement any = detail::ProvedStatement<T>{
      std::move(opened), bytes_of(view_of(content.header().request_digest()))};
  facts.says = detail::words_of(any);
  return Proved{std::move(any), std::move(facts)};
}

template <class... T>
Result<Proved> prove_any(const std::variant<detail::ProvedStatement<T>...>*, const Evidence& evidence,
                         const EvidenceStatement& kept, const std::vector<Certificate>& certificates,
                         std::string_view root_fingerprint, std::set<std::string>& used) {
  std::optional<Result<Proved>> out;
  const auto attempt = [&]<class Message>(const Message*) {
    if (!out && kept.message == to_string(Treatment<Message>::info.type))
      out = prove_as<Message>(evidence, kept, certificates, root_fingerprint, used);
  };
  (attempt(static_cast<const T*>(nullptr)), ...);
  if (!out) return broken("a statement", "it is of no kind that evidence has");
  return *std::move(out);
}

}  // namespace

namespace detail {

Result<EvidenceVerdict> prove(const Evidence& evidence, std::string_view root_fingerprint) {
  if (evidence.statements.empty() || evidence.statements.size() > kMostStatements)
    return broken("the file", "it holds no statements, or more than a purchase has");
  const auto certificates = TRY(read_certificates(evidence));
  EvidenceVerdict out{.kept_by = evidence.kept_by, .xid = evidence.xid};
  std::vector<AnyStatement> statements;
  std::set<std::string> used;
  for (const auto& kept : evidence.statements) {
    auto proved = TRY(prove_any(static_cast<const AnyStatement*>(nullptr), evidence, kept,
                                certificates, root_fingerprint, used));
    out.statements.push_back(std::move(proved.facts));
    statements.push_back(std::move(proved.statement));
  }
  TRY(check_all_needed(evidence, certificates, used));
  const auto trust = TRY(unbroken(Trust::parse(evidence.trust_pem, root_fingerprint,
                                               out.statements.back().signed_at),
                                  "the trust file"));
  out.root = trust.root().thumbprint().hex();
  out.proofs = TRY(prove_together(evidence, statements));
  return out;
}

}  // namespace detail

Result<EvidenceVerdict> verify_evidence(std::string_view file, std::string_view root_fingerprint) {
  CHECK_OR_FAIL(root_fingerprint.size() == 2 * Thumbprint::kSize && from_hex(root_fingerprint),
                ErrorCode::invalid_argument, "a root fingerprint has 64 hex digits");
  const auto evidence = TRY(detail::parse_evidence(file));
  auto verdict = TRY(detail::prove(evidence, root_fingerprint));
  // What people read in the file is what its statements say, and nothing else stands in it.
  const auto expected = detail::evidence_text(evidence, verdict);
  if (file == expected) return verdict;
  const auto [in_file, in_expected] = std::ranges::mismatch(file, expected);
  return broken("the text of the file",
                "byte " + std::to_string(in_file - file.begin()) + " is not what its statements say");
}

}  // namespace set
