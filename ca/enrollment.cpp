// The cardholder's registration, and what both kinds have in common; enrollment_party.cpp has
// merchants and gateways.
#include "ca/enrollment.h"

#include "ca/enrollment_parts.h"
#include "common/message/reg_form.h"

namespace set::ca {

namespace parts {

SessionHead open_session(const LIDEE& lid_ee, const Digest& opened_by, Instant now, Rng& rng) {
  return {LIDCA{string_of(rng.bytes(kLidBytes))}, lid_ee, opened_by, now + kSessionLife, 0};
}

Result<void> check_brand(const std::string& asked, std::string_view served) {
  // "brand served?"
  CHECK_OR_FAIL(asked == served || asked == kAnyBrand, ErrorCode::message_not_supported,
                "this CA does not serve that brand");
  return {};
}

tl::unexpected<Error> unknown_registration() {
  return failure(ErrorCode::unknown_lid, "there is no such registration, or it has expired");
}

Result<void> check_lids(const SessionHead& head, const LIDEE& lid_ee, const LIDCA& lid_ca) {
  if (head.lid_ee != lid_ee || head.lid_ca != lid_ca) return unknown_registration();
  return {};
}

Refusal rejected(std::string why) { return {CertStatusCode::rejected_by_ca, std::move(why), {}}; }

std::optional<Refusal> form_fault(const RegFormData& form, const CertReq& req) {
  if (req.reg_form_id != form.reg_form_id) {
    return Refusal{
        CertStatusCode::reg_form_answer_malformed, "The form has changed: ask for it again.", {}};
  }
  auto items = failed_items(form, req.answers);
  if (items.empty()) return std::nullopt;
  return Refusal{CertStatusCode::reg_form_answer_malformed, "Some answers do not fit the form.",
                 std::move(items)};
}

}  // namespace parts

namespace {

using namespace parts;

constexpr const char* kOtherIssuer = "The issuer of this card does not register its cards here.";
constexpr const char* kOtherCardType = "This authority certifies cardholders' signature keys only.";
constexpr Duration kIssuingTakes = std::chrono::seconds(1);

constexpr const char* kNoCardForm = "This authority has no form for this card any more.";

/// The form of this registration; the form file may have changed since it began.
Result<ChosenForm> form_for(const CardFormSent& session, const CardDesk& desk) {
  const auto choice = desk.forms.choose(
      {Role::cardholder, session.bin, desk.brand, session.language,
       is_renewal(session.request_type)});
  const auto* chosen = std::get_if<ChosenForm>(&choice);
  CHECK_OR_FAIL(chosen != nullptr, ErrorCode::invalid_argument, kNoCardForm);
  return *chosen;
}

/// Before the first CertReq there is nothing to ask about.
Result<LastRefusal> last_refusal_of(const Session& session) {
  if (const auto* sent = std::get_if<CardFormSent>(&session); sent && sent->refused) {
    return *sent->refused;
  }
  if (const auto* party = std::get_if<PartyInitiated>(&session); party && party->refused) {
    return *party->refused;
  }
  return unknown_registration();
}

}  // namespace

Result<CardInitiated> accept_card_c_init_req(const Unsigned<CardCInitReq>& req,
                                             std::string_view brand, Instant now, Rng& rng) {
  TRY(check_brand(req->brand, brand));
  return CardInitiated{open_session(req->lid_ee, req.content_digest(), now, rng)};
}

CardCInitRes make_card_c_init_res(const CardInitiated& session, const CardCInitReq& req,
                                  const Thumbprint& cae_thumb) {
  return {req.lid_ee, req.chall_ee, session.head.lid_ca, cae_thumb};
}

/// Spec:    set-1997 §3.1, RegFormReq: "RequestType allowed → language → BIN belongs to a served
///          issuer → select form by BIN, brand, language".
Result<std::variant<CardFormSent, Referred>> accept_reg_form_req(const Session& session,
                                                                 const Unsigned<RegFormReq>& req,
                                                                 const PANOnly& account,
                                                                 const CardDesk& desk, Rng& rng) {
  using Outcome = std::variant<CardFormSent, Referred>;
  const auto& head = head_of(session);
  TRY(check_lids(head, req->lid_ee, req->lid_ca));
  const auto* sent = std::get_if<CardFormSent>(&session);
  if (sent == nullptr && !std::holds_alternative<CardInitiated>(session))
    return unknown_registration();
  if (sent != nullptr && sent->form_request == req.content_digest()) return Outcome(*sent);
  if (role_of(req->request_type) != Role::cardholder) return Outcome(Referred{{kOtherCardType, {}}});
  CHECK_OR_FAIL(head.version < kMaxSteps, ErrorCode::resource_exhausted,
                "this registration has had too many requests");
  auto bin = account.pan.bin();
  const auto choice = desk.forms.choose(
      {Role::cardholder, bin, desk.brand, req->language, is_renewal(req->request_type)});
  if (const auto* referral = std::get_if<const ReferralData*>(&choice))
    return Outcome(Referred{**referral});
  if (!desk.issuer.serves(bin) || std::holds_alternative<std::monostate>(choice))
    return Outcome(Referred{{kOtherIssuer, {}}});
  // A language that we have no form in is said in CertRes: invalidLanguage.
  return Outcome(CardFormSent{head, req.content_digest(), rng.make<Challenge>(),
                              rng.make<NonceCCA>(), std::move(bin), req->language, std::nullopt,
                              req->request_type});
}

Result<RegFormRes> make_reg_form_res(const CardFormSent& session, const RegFormReq& req,
                                     const CardDesk& desk) {
  const auto chosen = TRY(form_for(session, desk));
  return RegFormRes{.lid_ee = req.lid_ee,
                    .chall_ee2 = req.chall_ee2,
                    .lid_ca = session.head.lid_ca,
                    .chall_ca = session.chall_ca,
                    .request_type = req.request_type,
                    .form = *chosen.form,
                    // "The CCA commits to NonceCCA in RegFormRes" (protocol §3)
                    .nonce_cca_commitment = nonce_cca_commitment(session.nonce_cca)};
}

RegFormRes make_reg_form_res(const Referred& referral, const RegFormReq& req, Rng& rng) {
  return {.lid_ee = req.lid_ee,
          .chall_ee2 = req.chall_ee2,
          .lid_ca = req.lid_ca,
          .chall_ca = rng.make<Challenge>(),
          .request_type = req.request_type,
          .form = referral.data,
          .nonce_cca_commitment = std::nullopt};
}

/// Spec:    set-1997 §3.1, "CA's checks in order", 4 to 8; the signature with the new key (2) is
///          Opener's, the key's freshness (8) the store's, the issuer (9) comes after.
Result<std::variant<AcceptedCard, Refusal>> accept_card_cert_req(const CardFormSent& session,
                                                                 const Verified<CertReq>& req,
                                                                 const PANData0& account,
                                                                 const CardDesk& desk) {
  using Outcome = std::variant<AcceptedCard, Refusal>;
  // "RRPID, LID-EE, LID-CA, Chall-CA match the session"
  TRY(check_lids(session.head, req->lid_ee, req->lid_ca));
  CHECK_OR_FAIL(req->chall_ca == session.chall_ca, ErrorCode::challenge_mismatch,
                "the request has another Chall-CA than ours");
  if (req->request_type != session.request_type) {
    return Outcome(rejected("The request is of another type than the form that was asked for."));
  }
  if (!is_end_entity_key(req->signature_key, KeyUse::signature)) {
    return Outcome(rejected("The new key is not of the kind that cardholders have."));
  }
  const auto chosen = form_for(session, desk);
  if (!chosen) return Outcome(rejected(kNoCardForm));
  // "language (else invalidLanguage in a later status)"
  if (!chosen->language_fits) {
    return Outcome(Refusal{CertStatusCode::invalid_language,
                           "There is no form in the language that was asked for.", {}});
  }
  // "RegFormID is current and every required field well-formed → regFormAnswerMalformed"
  if (auto fault = form_fault(*chosen->form, *req)) return Outcome(std::move(*fault));
  // "BIN → invalidBIN": the card is the one whose form was asked for.
  if (account.pan.bin() != session.bin) {
    return Outcome(
        Refusal{CertStatusCode::invalid_bin, "The form was for a card of another issuer.", {}});
  }
  return Outcome(AcceptedCard{session, std::string(answer_of(req->answers, kCardholderName))});
}

ToCertify card_to_certify(const CardFormSent& session, const Verified<CertReq>& req,
                          const PANData0& account, const Digest& card, std::string_view brand) {
  // "PANSecret = HKDF(CardSecret ‖ NonceCCA; brand ‖ digest of the cardholder's public key)"
  // (protocol §3)
  const auto pan_secret = derive_pan_secret(account.card_secret.reveal(), session.nonce_cca.view(),
                                            brand, req->signature_key);
  auto pseudonym = cardholder_pseudonym(account.pan, account.expiry, pan_secret.reveal());
  return {session.head, req.content_digest(), req->signature_key,
          CardContents{session.nonce_cca, std::move(pseudonym), account.expiry.end(), card},
          req->ee_thumb};
}

CertRes make_cert_res(const Certified& session, const Challenge& chall_ee3) {
  CertRes res{.lid_ee = session.head.lid_ee,
              .chall_ee3 = chall_ee3,
              .lid_ca = session.head.lid_ca,
              .status = CertStatusCode::request_complete,
              .nonce_cca = session.nonce_cca,
              .ee_message = {},
              .failed_items = {},
              .cert_thumbs = {},
              .tls_certificates = session.tls_certificates,
              .retry_after = std::nullopt};
  for (const auto& certificate : session.certificates)
    res.cert_thumbs.push_back(certificate.thumbprint());
  return res;
}

CertRes make_cert_res(const SessionHead& head, const Refusal& refusal, const Challenge& chall_ee3) {
  return {.lid_ee = head.lid_ee,
          .chall_ee3 = chall_ee3,
          .lid_ca = head.lid_ca,
          .status = refusal.status,
          .nonce_cca = std::nullopt,
          .ee_message = refusal.message,
          .failed_items = refusal.items,
          .cert_thumbs = {},
          .tls_certificates = {},
          .retry_after = std::nullopt};
}

CertRes make_cert_res(const Pended& session, const Challenge& chall_ee3, Duration retry_after) {
  if (session.decision == Decision::rejected)
    return make_cert_res(session.head, session.refusal, chall_ee3);
  const bool approved = session.decision == Decision::approved;
  const auto status =
      approved ? CertStatusCode::request_in_progress : CertStatusCode::request_pended;
  auto res = make_cert_res(session.head, Refusal{status, {}, {}}, chall_ee3);
  res.retry_after = approved ? kIssuingTakes : retry_after;
  return res;
}

Result<std::optional<CertRes>> accept_repeated_cert_req(const Session& session,
                                                        const Verified<CertReq>& req,
                                                        Duration retry_after) {
  using Outcome = std::optional<CertRes>;
  const auto& head = head_of(session);
  TRY(check_lids(head, req->lid_ee, req->lid_ca));
  // No form yet, so there is no Chall-CA that a request could rightly have.
  CHECK_OR_FAIL(!std::holds_alternative<CardInitiated>(session), ErrorCode::challenge_mismatch,
                "the request has another Chall-CA than ours");
  if (const auto* pended = std::get_if<Pended>(&session)) {
    if (pended->cert_request == req.content_digest())
      return Outcome(make_cert_res(*pended, req->chall_ee3, retry_after));
    return Outcome(make_cert_res(
        head, rejected("This registration waits for a decision: ask with an inquiry."),
        req->chall_ee3));
  }
  const auto* certified = std::get_if<Certified>(&session);
  if (certified == nullptr) return Outcome();
  if (certified->cert_request == req.content_digest())
    return Outcome(make_cert_res(*certified, req->chall_ee3));
  return Outcome(make_cert_res(head, rejected("This registration is complete."), req->chall_ee3));
}

Result<Bytes> inquiry_key(const Session& session) {
  if (const auto* certified = std::get_if<Certified>(&session)) return certified->signature_key;
  if (const auto* pended = std::get_if<Pended>(&session)) return pended->signature_key;
  return TRY(last_refusal_of(session)).signature_key;
}

Result<CertState> accept_cert_inq_req(const Session& session, const Verified<CertInqReq>& req) {
  TRY(check_lids(head_of(session), req->lid_ee, req->lid_ca));
  if (const auto* certified = std::get_if<Certified>(&session)) return CertState(*certified);
  if (const auto* pended = std::get_if<Pended>(&session)) return CertState(*pended);
  return CertState(TRY(last_refusal_of(session)));
}

CertInqRes make_cert_inq_res(const SessionHead& head, const CertState& state,
                             const Challenge& chall_ee3, Duration retry_after) {
  if (const auto* certified = std::get_if<Certified>(&state))
    return {make_cert_res(*certified, chall_ee3)};
  if (const auto* pended = std::get_if<Pended>(&state))
    return {make_cert_res(*pended, chall_ee3, retry_after)};
  return {make_cert_res(head, {std::get<LastRefusal>(state).status, {}, {}}, chall_ee3)};
}

}  // namespace set::ca
