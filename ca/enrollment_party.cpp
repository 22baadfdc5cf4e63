// The registration of merchants and gateways.
#include <charconv>

#include "ca/enrollment_parts.h"
#include "common/crypto/digest.h"
#include "common/crypto/hpke.h"
#include "common/message/reg_form.h"

namespace set::ca {

using namespace parts;

namespace {

constexpr std::string_view kPossessionInfo = "SET/2 possession";
constexpr std::size_t kKemAnswerBytes = 32;
constexpr const char* kOtherAcquirer = "The acquirer with this BIN does not enrol here.";
constexpr const char* kNoPartyForm = "There is no form for this BIN any more: begin again.";
constexpr const char* kOtherPartyType =
    "This authority registers merchants and gateways with both keys.";

Digest kem_answer_digest(ByteView answer) { return digest("SET/2 possession answer", answer); }

bool same_identity(const IDData& a, const IDData& b) {
  if (a.index() != b.index()) return false;
  if (const auto* merchant = std::get_if<MerchantIDData>(&a)) {
    const auto& other = std::get<MerchantIDData>(b);
    return merchant->merchant_bin == other.merchant_bin &&
           merchant->merchant_id == other.merchant_id;
  }
  const auto& gateway = std::get<AcquirerIDData>(a);
  const auto& other = std::get<AcquirerIDData>(b);
  return gateway.acquirer_bin == other.acquirer_bin && gateway.business_id == other.business_id;
}

bool is_served(RequestType type) { return role_of(type) != Role::cardholder; }

bool fits_identity(RequestType type, const IDData& id_data) {
  return std::holds_alternative<MerchantIDData>(id_data) == (role_of(type) == Role::merchant);
}

unsigned number_of(std::string_view digits) {
  unsigned number = 0;
  const auto* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, number);
  return error == std::errc() && last == end ? number : 0;
}

}  // namespace

/// Spec:    set-1997 §3.2; protocol §3: "KEM keys prove possession by decrypting a challenge".
/// Secrets: the challenge's 32 octets are forgotten, but for their digest.
Result<std::variant<InitiatedParty, Referred>> accept_me_aq_c_init_req(
    const Unsigned<MeAqCInitReq>& req, std::string_view brand, const FormBook& forms, Instant now,
    Rng& rng) {
  using Outcome = std::variant<InitiatedParty, Referred>;
  TRY(check_brand(req->brand, brand));
  if (!is_served(req->request_type)) return Outcome(Referred{{kOtherPartyType, {}}});
  CHECK_OR_FAIL(fits_identity(req->request_type, req->id_data), ErrorCode::decoding_failure,
                "IDData is not of the kind that the request type asks for");
  const auto choice = forms.choose(
      {role_of(req->request_type), bin_of(req->id_data), brand, req->language,
       is_renewal(req->request_type)});
  if (const auto* referral = std::get_if<const ReferralData*>(&choice))
    return Outcome(Referred{**referral});
  if (std::holds_alternative<std::monostate>(choice))
    return Outcome(Referred{{kOtherAcquirer, {}}});
  const auto key = KemPublicKey::from_spki(req->encryption_key);
  CHECK_OR_FAIL(key, ErrorCode::decoding_failure, "the encryption key is not of our KEM");
  auto head = open_session(req->lid_ee, req.content_digest(), now, rng);
  auto sender = TRY(hpke_sender(*key, view_of(kPossessionInfo), rng));
  const auto answer = rng.secret(kKemAnswerBytes);
  auto challenge = sender.context.seal(view_of(head.lid_ca.value), answer.reveal());
  PartyInitiated next{std::move(head),     req->request_type,
                      req->id_data,        rng.make<Challenge>(),
                      req->encryption_key, kem_answer_digest(answer.reveal()),
                      req->language,       std::nullopt};
  return Outcome(
      InitiatedParty{std::move(next), std::move(sender.encapsulated), std::move(challenge)});
}

MeAqCInitRes make_me_aq_c_init_res(const InitiatedParty& party, const MeAqCInitReq& req,
                                   const Thumbprint& cae_thumb, const RegFormData& form,
                                   bool token_required) {
  return {.lid_ee = req.lid_ee,
          .chall_ee = req.chall_ee,
          .lid_ca = party.next.head.lid_ca,
          .chall_ca = party.next.chall_ca,
          .request_type = req.request_type,
          .form = form,
          .acct_data_field = enrolment_token_field(token_required),
          .cae_thumb = cae_thumb,
          .kem_challenge_encapsulated = party.kem_challenge_encapsulated,
          .kem_challenge = party.kem_challenge};
}

MeAqCInitRes make_me_aq_c_init_res(const Referred& referral, const MeAqCInitReq& req,
                                   const Thumbprint& cae_thumb, Rng& rng) {
  return {.lid_ee = req.lid_ee,
          .chall_ee = req.chall_ee,
          .lid_ca = LIDCA{string_of(rng.bytes(kLidBytes))},
          .chall_ca = rng.make<Challenge>(),
          .request_type = req.request_type,
          .form = referral.data,
          .acct_data_field = std::nullopt,
          .cae_thumb = cae_thumb,
          .kem_challenge_encapsulated = {},
          .kem_challenge = {}};
}

/// Spec:    set-1997 §3.1, "CA's checks in order", 4 to 8, as they stand for §3.2.
Result<std::optional<Refusal>> accept_party_cert_req(const PartyInitiated& session,
                                                     const Verified<CertReq>& req,
                                                     std::string_view brand,
                                                     const FormBook& forms) {
  using Outcome = std::optional<Refusal>;
  // "RRPID, LID-EE, LID-CA, Chall-CA match the session"
  TRY(check_lids(session.head, req->lid_ee, req->lid_ca));
  CHECK_OR_FAIL(req->chall_ca == session.chall_ca, ErrorCode::challenge_mismatch,
                "the request has another Chall-CA than ours");
  if (req->request_type != session.request_type || !req->id_data ||
      !same_identity(*req->id_data, session.id_data)) {
    return Outcome(rejected("the request is not for the one who began this registration"));
  }
  const auto choice = forms.choose(
      {role_of(session.request_type), bin_of(session.id_data), brand, session.language,
       is_renewal(session.request_type)});
  const auto* chosen = std::get_if<ChosenForm>(&choice);
  if (chosen == nullptr) return Outcome(rejected(kNoPartyForm));
  // "language (else invalidLanguage in a later status)". A form without fields has none to speak.
  if (!chosen->language_fits && !chosen->form->fields.empty()) {
    return Outcome(Refusal{CertStatusCode::invalid_language,
                           "there is no form in the language that was asked for", {}});
  }
  // "RegFormID is current and every required field well-formed → regFormAnswerMalformed"
  if (auto fault = form_fault(*chosen->form, *req)) return Outcome(std::move(*fault));
  if (!is_tls_renewal(req->request_type) &&
      !is_end_entity_key(req->signature_key, KeyUse::signature)) {
    return Outcome(rejected("the new signature key is not of the kind that this role has"));
  }
  // "KEM keys prove possession by decrypting a challenge": this key, this challenge.
  const bool answered = equal(req->encryption_key, session.encryption_key) &&
                        kem_answer_digest(req->kem_challenge_answer) == session.kem_answer;
  if (!answered) return Outcome(rejected("the challenge to the key-exchange key was not answered"));
  return Outcome(std::nullopt);
}

PartyFacts facts_of_answers(const std::vector<RegFormAnswer>& answers) {
  return {std::string(answer_of(answers, kPartyName)), std::string(answer_of(answers, kPartyCity)),
          number_of(answer_of(answers, kPartyCountry))};
}

ToCertify party_to_certify(const PartyInitiated& session, const Verified<CertReq>& req,
                           PartyFacts facts) {
  return {session.head, req.content_digest(), req->signature_key,
          PartyContents{session.request_type, session.id_data, req->encryption_key, req->tls_key,
                        req->tls_hosts, std::move(facts)}};
}

}  // namespace set::ca
