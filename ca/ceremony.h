// What a ceremony carries between the machine of the safe and the online CA, as texts: the request
// (the online CA's public keys, each proven), the answer (their certificates and the trust file),
// and the news of a rollover. All of it is public; what a text cannot prove by itself the operator
// compares by the fingerprints that both ends show. Pure.
#pragma once

#include "ca/hierarchy.h"

namespace set::ca {

/// SHA-256 over a carried text, 64 hex digits: both ends show it.
std::string text_fingerprint(std::string_view text);

// --- request: online → safe ---

struct CeremonyRequest {
  std::string brand;
  PublicKeys keys;
  std::string transport_root_pem;
};
/// Signed by every signature key in it.
Result<std::string> make_ceremony_request(const std::string& brand, const OnlineKeys& keys);
/// verification_failed if a key is not proven or the text is no request. Possession of the KEM key
/// is proven later: its certificate is sealed to it (RFC 4211 §4.2's indirect way).
Result<CeremonyRequest> accept_ceremony_request(std::string_view text);

// --- answer: safe → online ---

struct CeremonyAnswer {
  std::string request;  ///< the request's fingerprint
  HierarchySpec spec;
  OnlineChains chains;
  Certificate root;  ///< the first; a successor follows from it
  std::string trust_pem;
  OfflineCrls crls;
};
Result<std::string> make_ceremony_answer(const CeremonyAnswer& answer, Rng& rng);
/// Everything that load_ca() will ask: the answer is for this request, the trust file leads from
/// the root of `fingerprint`, each chain and list is valid for its use and for our key. verification_failed,
/// signature_failure (the KEM certificate is not for our key), Trust's.
Result<CeremonyAnswer> accept_ceremony_answer(std::string_view text, std::string_view request,
                                              const OnlineKeys& keys, std::string_view fingerprint,
                                              Instant now);

// --- rollover: safe → online, no fingerprint needed ---

std::string make_rollover(const Certificate& root, const std::string& trust_pem);
struct Rollover {
  Certificate root;
  std::string trust_pem;
};
/// verification_failed if the root is not the successor that `trust` names.
Result<Rollover> accept_rollover(std::string_view text, const Trust& trust, Instant now);

/// What a carried file says it is; for a sentence about the wrong one. Empty if it is none.
std::string carried_kind(std::string_view text);

}  // namespace set::ca
