// The registration of merchants and gateways.
#include "ca/enrollment_parts.h"
#include "ca/form.h"
#include "ca/profile.h"
#include "common/crypto/digest.h"
#include "common/crypto/hpke.h"

namespace set::ca {

using namespace parts;

namespace {

constexpr std::string_view kPossessionInfo = "SET/2 possession";
constexpr std::size_t kKemAnswerBytes = 32;
constexpr const char* kNoRenewal = "Renewal is not offered yet: enrol anew, with a new token.";

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

bool is_initial(RequestType type) {
  return type == RequestType::mer_initial_both || type == RequestType::pgwy_initial_both;
}

bool fits_identity(RequestType type, const IDData& id_data) {
  return std::holds_alternative<MerchantIDData>(id_data) == (role_of(type) == Role::merchant);
}

std::string id_of(const IDData& id_data) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data)) return merchant->merchant_id;
  return std::get<AcquirerIDData>(id_data).business_id;
}

CertificateTemplate contents_of(const PartyInitiated& session, const PartyFacts& facts, KeyUse use,
                                const Authority& issuer, const ProfileContext& context,
                                Instant now) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&session.id_data)) {
    const MerchantData data{merchant->merchant_id,
                            merchant->merchant_bin,
                            facts.name,
                            facts.city,
                            facts.country,
                            false};
    return merchant_profile(context, data, use, issuer.certificate, now);
  }
  const auto& gateway = std::get<AcquirerIDData>(session.id_data);
  return gateway_profile(context, gateway.business_id, gateway.acquirer_bin, use,
                         issuer.certificate, now);
}

}  // namespace

/// Spec:    set-1997 §3.2; protocol §3: "KEM keys prove possession by decrypting a challenge".
/// Secrets: the challenge's 32 octets are forgotten, but for their digest.
Result<std::variant<InitiatedParty, Referred>> accept_me_aq_c_init_req(
    const Unsigned<MeAqCInitReq>& req, std::string_view brand, Instant now, Rng& rng) {
  using Outcome = std::variant<InitiatedParty, Referred>;
  TRY(check_brand(req->brand, brand));
  if (!is_initial(req->request_type)) return Outcome(Referred{{kNoRenewal, {}}});
  CHECK_OR_FAIL(fits_identity(req->request_type, req->id_data), ErrorCode::decoding_failure,
                "IDData is not of the kind that the request type asks for");
  const auto key = KemPublicKey::from_spki(req->encryption_key);
  CHECK_OR_FAIL(key, ErrorCode::decoding_failure, "the encryption key is not of our KEM");
  auto head = open_session(req->lid_ee, req.content_digest(), now, rng);
  auto sender = TRY(hpke_sender(*key, view_of(kPossessionInfo), rng));
  const auto answer = rng.secret(kKemAnswerBytes);
  auto challenge = sender.context.seal(view_of(head.lid_ca.value), answer.reveal());
  PartyInitiated next{std::move(head),     req->request_type,
                      req->id_data,        rng.make<Challenge>(),
                      req->encryption_key, kem_answer_digest(answer.reveal()),
                      std::nullopt};
  return Outcome(
      InitiatedParty{std::move(next), std::move(sender.encapsulated), std::move(challenge)});
}

MeAqCInitRes make_me_aq_c_init_res(const InitiatedParty& party, const MeAqCInitReq& req,
                                   const Thumbprint& cae_thumb) {
  return {.lid_ee = req.lid_ee,
          .chall_ee = req.chall_ee,
          .lid_ca = party.next.head.lid_ca,
          .chall_ca = party.next.chall_ca,
          .request_type = req.request_type,
          .form = party_form(),
          .acct_data_field = enrolment_token_field(),
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
                                                     const Verified<CertReq>& req) {
  using Outcome = std::optional<Refusal>;
  // "RRPID, LID-EE, LID-CA, Chall-CA match the session"
  TRY(check_lids(session.head, req->lid_ee, req->lid_ca));
  CHECK_OR_FAIL(req->chall_ca == session.chall_ca, ErrorCode::challenge_mismatch,
                "the request has another Chall-CA than ours");
  if (!is_initial(req->request_type)) return Outcome(rejected(kNoRenewal));
  if (req->request_type != session.request_type || !req->id_data ||
      !same_identity(*req->id_data, session.id_data)) {
    return Outcome(rejected("the request is not for the one who began this registration"));
  }
  // "RegFormID is current"
  if (req->reg_form_id != party_form().reg_form_id || !req->answers.empty()) {
    return Outcome(Refusal{
        CertStatusCode::reg_form_answer_malformed, "the form has changed: begin again", {}});
  }
  if (!is_end_entity_key(req->signature_key, KeyUse::signature)) {
    return Outcome(rejected("the new signature key is not of the kind that this role has"));
  }
  // "KEM keys prove possession by decrypting a challenge": this key, this challenge.
  const bool answered = equal(req->encryption_key, session.encryption_key) &&
                        kem_answer_digest(req->kem_challenge_answer) == session.kem_answer;
  if (!answered) return Outcome(rejected("the challenge to the key-exchange key was not answered"));
  return Outcome(std::nullopt);
}

Result<CertifiedParty> issue_party(const PartyInitiated& session, const Verified<CertReq>& req,
                                   const PartyFacts& facts, const OperatingAuthorities& authorities,
                                   const TransportRoot& transport, const std::string& public_url,
                                   Instant now, Rng& rng) {
  const Role role = role_of(session.request_type);
  const auto& issuer = role == Role::merchant ? authorities.mca : authorities.pca;
  const ProfileContext context{issuer.certificate.brand(), public_url};
  const auto contents = [&](KeyUse use) {
    return contents_of(session, facts, use, issuer, context, now);
  };
  auto signature_token = TRY(prepare(contents(KeyUse::signature), req->signature_key, issuer, now));
  auto kem_token = TRY(prepare(contents(KeyUse::key_exchange), req->encryption_key, issuer, now));
  auto tls_pem = TRY(issue_tls_certificate(
      tls_profile(context, to_string(role), id_of(session.id_data), req->tls_hosts, now),
      req->tls_key, transport.certificate_pem, transport.private_key_pem, rng));
  auto signature = TRY(issue(std::move(signature_token), rng));
  auto key_exchange = TRY(issue(std::move(kem_token), rng));
  Certified next{complete(session.head, now),
                 req.content_digest(),
                 req->signature_key,
                 std::nullopt,
                 {std::move(signature), std::move(key_exchange)},
                 {}};
  return CertifiedParty{std::move(next), std::move(tls_pem)};
}

}  // namespace set::ca
