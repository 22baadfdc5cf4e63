// What hangs together in the evidence of one purchase: the halves of the dual signature, order, amount
// and answers. At each check stands the sentence that is broken where it fails.
#include <algorithm>
#include <set>

#include "common/audit/evidence.h"

namespace set::detail {
namespace {

template <class T>
using List = std::vector<const ProvedStatement<T>*>;

template <class T>
List<T> all(const std::vector<AnyStatement>& statements) {
  List<T> out;
  for (const auto& statement : statements) {
    if (const auto* found = std::get_if<ProvedStatement<T>>(&statement)) out.push_back(found);
  }
  return out;
}

tl::unexpected<Error> torn(const char* what) {
  return failure(ErrorCode::verification_failed, what);
}

bool same_party(const Certificate& a, const Certificate& b) {
  return a.thumbprint() == b.thumbprint() || (party_name(a) && party_name(a) == party_name(b));
}

struct Together {
  const Evidence& evidence;
  const std::vector<AnyStatement>& statements;
  std::vector<std::string> proofs = {};

  Result<void> offers();
  Result<void> halves(const ProvedStatement<PReq>& preq, const EvidenceStatement& kept);
  Result<void> order_half(const Verified<PReq>& preq, const OIData& oi);
  Result<void> payment_half(const Verified<PReq>& preq, ByteView half);
  Result<void> merchants_answers();
  Result<void> authorisations();
  Result<void> authorisation_answers();
  template <class Req, class Res>
  Result<void> answered(const char* requests_for);
  const ProvedStatement<PReq>* order_of(const Digest& hoi_data, const Digest& hpi_data) const;
  void prove(std::string sentence) {
    if (std::ranges::find(proofs, sentence) == proofs.end()) proofs.push_back(std::move(sentence));
  }
};

const ProvedStatement<PReq>* Together::order_of(const Digest& hoi_data, const Digest& hpi_data) const {
  for (const auto* preq : all<PReq>(statements)) {
    if (preq->message->hoi_data == hoi_data && preq->message->hpi_data == hpi_data) return preq;
  }
  return nullptr;
}

/// PI-TBS = {HPIData, HOIData, …}: what is kept of each half is what was signed.
Result<void> Together::halves(const ProvedStatement<PReq>& preq, const EvidenceStatement& kept) {
  const auto& message = preq.message;
  prove("the cardholder's certified key signed order and payment together, for " +
        to_string(message->purch_amt) + " (dual signature)");
  if (!kept.order_half.empty()) {
    if (hoi_data_of(kept.order_half) != message->hoi_data)
      return torn("the order half is not the one that was signed");
    const auto parsed = parse_as<wire::OIData>(kept.order_half);
    if (!parsed) return torn("the order half is malformed");
    const auto oi = from_wire(*parsed);
    if (!oi) return torn("the order half is malformed");
    TRY(order_half(message, *oi));
  }
  if (!kept.payment_half.empty()) TRY(payment_half(message, kept.payment_half));
  return {};
}

Result<void> Together::order_half(const Verified<PReq>& preq, const OIData& oi) {
  if (!preq.head().trans_ids || oi.trans_ids != *preq.head().trans_ids || oi.rrpid != preq.head().rrpid)
    return torn("the order half carries other ids than the signature");
  prove("the order half is the one that was signed, order hash " + oi.hod.hex());
  for (const auto* offer : all<PInitRes>(statements)) {
    const auto& said = offer->message;
    if (said->chall_m != oi.chall_m) continue;
    const auto hod = hod_of({said->order_description, said->purch_amt, oi.od_salt, said->install_recur});
    // An order that differs was rejected; then it proves no agreement.
    if (hod != oi.hod || said->purch_amt != preq->purch_amt) continue;
    if (said.signer().thumbprint() != preq->merchant) return torn("the offer is signed by another merchant");
    prove("description and amount of the merchant's signed offer are what the cardholder signed");
  }
  return {};
}

Result<void> Together::payment_half(const Verified<PReq>& preq, ByteView half) {
  if (half.size() <= Digest::kSize) return torn("the payment half is malformed");
  const auto pi_head = half.first(half.size() - Digest::kSize);
  const auto pan_data_digest = TRY(Digest::parse(half.last(Digest::kSize)));
  if (hpi_data_of(pi_head, pan_data_digest) != preq->hpi_data)
    return torn("the payment half is not the one that was signed");
  const auto parsed = parse_as<wire::PIHead>(pi_head);
  if (!parsed) return torn("the payment half is malformed");
  const auto head = from_wire(*parsed);
  if (!head) return torn("the payment half is malformed");
  if (head->trans_ids.xid != evidence.xid || head->purch_amt != preq->purch_amt)
    return torn("the payment half is about another purchase or amount");
  prove("the payment half is the one that was signed, for merchant " + head->merchant_id +
        ", order hash " + head->hod.hex());
  return {};
}

Result<void> Together::offers() {
  std::size_t place = 0;
  for (const auto& statement : statements) {
    if (const auto* preq = std::get_if<ProvedStatement<PReq>>(&statement))
      TRY(halves(*preq, evidence.statements[place]));
    ++place;
  }
  return {};
}

Result<void> Together::merchants_answers() {
  const auto check = [&](const PRes& said, const Certificate& signer) -> Result<void> {
    if (!said.hoi_data || !said.hpi_data) return {};  // orderNotReceived
    const auto* preq = order_of(*said.hoi_data, *said.hpi_data);
    if (preq == nullptr) return {};  // of another order of the same purchase, which was rejected
    if (said.purch_amt != preq->message->purch_amt || said.gateway != preq->message->gateway)
      return torn("the merchant's answer repeats another amount or gateway than the order");
    const auto offers = all<PInitRes>(statements);
    const bool by_offerer = offers.empty() || std::ranges::any_of(offers, [&](const auto* offer) {
      return same_party(offer->message.signer(), signer);
    });
    if (signer.thumbprint() != preq->message->merchant && !by_offerer)
      return torn("the answer is signed by another merchant than the order names");
    prove("the merchant signed what became of this order, payment and amount");
    return {};
  };
  for (const auto* pres : all<PRes>(statements)) TRY(check(*pres->message, pres->message.signer()));
  for (const auto* inq_res : all<InqRes>(statements))
    TRY(check(inq_res->message->state, inq_res->message.signer()));
  return {};
}

/// AuthReq: CheckDigests are the merchant's own, so both sides meant the same.
Result<void> Together::authorisations() {
  for (const auto* auth_req : all<AuthReq>(statements)) {
    const auto& said = *auth_req->message;
    if (!said.check_digests) {
      prove("the merchant asked for a further charge of " + to_string(said.auth_req_amt));
      continue;
    }
    const auto* preq = order_of(said.check_digests->hoi_data, said.check_digests->hpi_data);
    if (preq == nullptr) continue;  // refused before its order was kept
    const auto& order = *preq->message;
    if (said.auth_req_amt.currency() != order.purch_amt.currency() ||
        said.auth_req_amt.minor() > order.purch_amt.minor())
      return torn("the AuthReq asks for more than the cardholder signed");
    const auto& signer = auth_req->message.signer();
    const auto named = std::ranges::any_of(statements, [&](const auto& statement) {
      return std::visit([&](const auto& other) {
        const auto& certificate = other.message.signer();
        return certificate.thumbprint() == order.merchant && same_party(certificate, signer);
      }, statement);
    });
    if (signer.thumbprint() != order.merchant && !named)
      return torn("the AuthReq is signed by another merchant than the order names");
    prove("the same merchant asked to authorise " + to_string(said.auth_req_amt) +
          " of this very order and payment");
  }
  return {};
}

Result<void> Together::authorisation_answers() {
  for (const auto* auth_res : all<AuthRes>(statements)) {
    const auto& said = *auth_res->message;
    const auto asked = all<AuthReq>(statements);
    const auto found = std::ranges::find_if(asked, [&](const auto* auth_req) {
      return equal(auth_req->message.content_digest().view(), auth_res->request_digest);
    });
    if (found == asked.end()) return torn("the AuthRes answers no AuthReq that is in the file");
    const auto& request = *(*found)->message;
    if (said.auth_amt && (said.auth_amt->currency() != request.auth_req_amt.currency() ||
                          said.auth_amt->minor() > request.auth_req_amt.minor()))
      return torn("the AuthRes grants more than was asked");
    const auto& digests = request.check_digests;
    if (digests && (said.hoi_data != digests->hoi_data || said.hpi_data != digests->hpi_data))
      return torn("the AuthRes repeats another order or payment than was asked about");
    prove(said.auth_amt ? "the gateway authorised " + to_string(*said.auth_amt) + " of it"
                        : "the gateway refused: " + std::string(to_string(said.auth_code)));
  }
  return {};
}

/// Of what follows an authorisation: each answer is to a request in the file. The reverse need not be:
/// a request may wait still, or its answer be left out, so it is counted. What the answers say is `says`.
template <class Req, class Res>
Result<void> Together::answered(const char* requests_for) {
  std::set<std::string> requests, answers;
  for (const auto* request : all<Req>(statements)) requests.insert(request->message.content_digest().str());
  for (const auto* answer : all<Res>(statements)) {
    const auto digest = string_of(answer->request_digest);
    if (!requests.contains(digest))
      return torn("an answer of the gateway is to no request that is in the file");
    answers.insert(digest);
  }
  if (!answers.empty())
    prove(requests_for + (": " + std::to_string(requests.size())) + " in the file, " +
          std::to_string(answers.size()) + " with the gateway's answer");
  return {};
}

std::string words(const std::optional<Amount>& amount) { return amount ? to_string(*amount) : "nothing"; }

std::string say(const PInitRes& m) { return "offers an order for " + to_string(m.purch_amt); }
std::string say(const PReq& m) { return "orders and pays " + to_string(m.purch_amt); }
std::string say(const PRes& m) {
  std::string out(to_string(m.completion_code));
  for (const auto& payload : m.payloads) {
    out += ", " + std::string(to_string(payload.auth_status.auth_code)) + " " +
           words(payload.auth_status.auth_amt);
    if (payload.cap_status && payload.cap_status->cap_amt)
      out += ", captured " + to_string(*payload.cap_status->cap_amt);
  }
  return out;
}
std::string say(const InqRes& m) { return say(m.state); }
std::string say(const AuthReq& m) {
  return "asks to authorise " + to_string(m.auth_req_amt) + (m.capture_now ? " and to capture it" : "");
}
std::string say(const AuthRes& m) {
  return std::string(to_string(m.auth_code)) + ", authorises " + words(m.auth_amt);
}
std::string say(const AuthRevReq& m) { return "asks to leave " + words(m.auth_new_amt) + " authorised"; }
std::string say(const AuthRevRes& m) {
  return std::string(to_string(m.auth_rev_code)) + ", leaves " + words(m.auth_new_amt) + " authorised";
}
std::string say(const CapReq& m) {
  std::string out = "asks to capture";
  for (const auto& item : m.items) out += " " + to_string(item.cap_req_amt);
  return out;
}
std::string say(const CapRes& m) {
  std::string out;
  for (const auto& item : m.items) out += (out.empty() ? "" : ", ") + std::string(to_string(item.payload.cap_code));
  return out;
}
std::string say(const CapRevOrCredReq& m) {
  std::string out = "asks for";
  for (const auto& item : m.items) out += " " + to_string(item.amt);
  return out;
}
std::string say(const CapRevOrCredRes& m) {
  std::string out;
  for (const auto& item : m.items)
    out += (out.empty() ? "" : ", ") + std::string(to_string(item.code)) + " " + words(item.actual_amt);
  return out;
}

}  // namespace

std::string words_of(const AnyStatement& statement) {
  return std::visit([](const auto& one) { return say(*one.message); }, statement);
}

Result<std::vector<std::string>> prove_together(const Evidence& evidence,
                                                const std::vector<AnyStatement>& statements) {
  Together together{evidence, statements};
  TRY(together.offers());
  TRY(together.merchants_answers());
  TRY(together.authorisations());
  TRY(together.authorisation_answers());
  TRY((together.answered<AuthRevReq, AuthRevRes>("requests to reverse an authorisation")));
  TRY((together.answered<CapReq, CapRes>("requests to capture")));
  TRY((together.answered<CapRevReq, CapRevRes>("requests to reverse a capture")));
  TRY((together.answered<CredReq, CredRes>("requests to credit")));
  TRY((together.answered<CredRevReq, CredRevRes>("requests to reverse a credit")));
  return std::move(together.proofs);
}

}  // namespace set::detail
