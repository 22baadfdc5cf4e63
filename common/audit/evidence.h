// Evidence: one file about one purchase that anybody can verify offline, from the fingerprint of the
// root alone (set-1997 §5.2: "produce evidence that a liability rule can use"). It holds the exact
// signed statements, the certificates above them, and the revocation lists that were known when each
// was kept; what it says is computed from these and nothing else. docs/audit.md, ADR 0051. Pure.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/message/open.h"

namespace set {

struct EvidenceStatement {
  std::string message;     ///< SET's name
  Bytes evidence;          ///< canonical Signed
  Bytes order_half = {};   ///< of a PReq: OIData
  Bytes payment_half = {}; ///< of a PReq: PIHead, and the digest of the account (statements.h)
  std::optional<Thumbprint> revocations = {};  ///< the BCI that was known; none: evidence lacks a status
};
/// One BCI with the lists that it names.
struct EvidenceRevocations {
  Bytes bci;
  std::vector<Bytes> crls;  ///< DER
};
struct Evidence {
  std::string kept_by;  ///< "merchant", "gateway", "cardholder"
  XID xid{};
  std::string trust_pem = {};  ///< Trust::pem()
  std::vector<EvidenceStatement> statements = {};  ///< oldest first
  std::vector<Bytes> certificates = {};            ///< DER
  std::vector<EvidenceRevocations> revocations = {};
};

/// Who signed what, when, and how its certificate stood then.
struct StatementFacts {
  std::string message;
  std::string signer;  ///< "merchant Brand/400000/shop-1"; of a cardholder the pseudonym
  Thumbprint certificate{};
  Instant signed_at{};
  std::string says;  ///< amount and outcome, in words
  std::uint64_t bci = 0;  ///< sequence number of the list under which it was not revoked
  Instant bci_from{}, bci_until{};
};
struct EvidenceVerdict {
  std::string kept_by;
  XID xid{};
  std::string root = {};  ///< fingerprint, hex
  std::vector<StatementFacts> statements = {};
  std::vector<std::string> proofs = {};  ///< one sentence for each thing that holds
};

/// The file: one JSON document, the verdict in it for people. Errors as verify_evidence(): what does
/// not verify is not written.
Result<std::string> write_evidence(const Evidence& evidence);

/// Does everything anew: chains to the root of this fingerprint at the time of each statement, the
/// lists of that time, the signatures over the exact bytes, the dual signature's halves, that all
/// speak of one purchase, order and amount, and that the file says what its statements say.
/// verification_failed with the name of what broke; invalid_argument: no fingerprint.
Result<EvidenceVerdict> verify_evidence(std::string_view file, std::string_view root_fingerprint);

/// For people, and for programs.
std::string verdict_text(const EvidenceVerdict& verdict);
std::string verdict_json(const EvidenceVerdict& verdict);

namespace detail {

/// One statement that verified, with what its header says beside Verified's.
template <class T>
struct ProvedStatement {
  Verified<T> message;
  Bytes request_digest;  ///< of an answer
};
using AnyStatement =
    std::variant<ProvedStatement<PInitRes>, ProvedStatement<PReq>, ProvedStatement<PRes>,
                 ProvedStatement<InqRes>, ProvedStatement<AuthReq>, ProvedStatement<AuthRes>,
                 ProvedStatement<AuthRevReq>, ProvedStatement<AuthRevRes>, ProvedStatement<CapReq>,
                 ProvedStatement<CapRes>, ProvedStatement<CapRevReq>, ProvedStatement<CapRevRes>,
                 ProvedStatement<CredReq>, ProvedStatement<CredRes>, ProvedStatement<CredRevReq>,
                 ProvedStatement<CredRevRes>>;
/// What hangs together, one sentence each (evidence_proofs.cpp). `statements` as in the evidence.
Result<std::vector<std::string>> prove_together(const Evidence& evidence,
                                                const std::vector<AnyStatement>& statements);
/// Amount and outcome of one, in words.
std::string words_of(const AnyStatement& statement);

/// The file's parts, before anything is believed. verification_failed.
Result<Evidence> parse_evidence(std::string_view file);
/// The one text that this evidence and verdict have.
std::string evidence_text(const Evidence& evidence, const EvidenceVerdict& verdict);
/// verify_evidence() without the file; no fingerprint: under the first root of its own trust file.
Result<EvidenceVerdict> prove(const Evidence& evidence, std::string_view root_fingerprint);

}  // namespace detail
}  // namespace set
