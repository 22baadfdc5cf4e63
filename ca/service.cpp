#include "ca/service.h"

#include "common/base/log.h"
#include "common/crypto/digest.h"
#include "common/daemon/pem.h"

namespace set::ca {
namespace {

// Referrals and refusals are made anew for a repeat: whoever asks in vain does not fill our disk.
constexpr bool kNotStored = false;

std::string party_id_of(const PartyInitiated& session) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&session.id_data)) {
    return merchant->merchant_bin + "/" + merchant->merchant_id;
  }
  const auto& gateway = std::get<AcquirerIDData>(session.id_data);
  return gateway.acquirer_bin + "/" + gateway.business_id;
}

/// What the profile or the encoding refuses is the request's fault, and said so; anything else is
/// ours.
Result<Refusal> refusal_of(const Error& error) {
  if (error.code != ErrorCode::invalid_argument && error.code != ErrorCode::invalid_certificate)
    return failure(error);
  return Refusal{CertStatusCode::rejected_by_ca, error.detail, {}};
}

Result<IssuedRecord> tls_record(const std::string& pem, const Bytes& der, std::string_view role,
                                std::string party_id, ByteView public_key) {
  const auto facts = TRY(tls_certificate_facts(pem));
  const auto thumbprint = thumbprint_of(der);
  return IssuedRecord{
      "tls",
      std::string(role),
      std::move(party_id),
      thumbprint,
      thumbprint.hex().substr(0, 32),
      "O=" + facts.organization + ", OU=" + facts.organizational_unit + ", CN=" + facts.common_name,
      facts.not_before,
      facts.not_after,
      key_digest_of(public_key),
      der};
}

}  // namespace

Service::Service(ServiceParts parts)
    : parts_(std::move(parts)),
      receiver_([this] { return parts_.ca.party; }, parts_.store.database(), parts_.clock,
                parts_.rng) {}

// --- CardCInit, Me-AqCInit, RegForm ---

Result<Reply<CardCInitRes>> Service::card_c_init(const Opened<CardCInitReq>& req) {
  const auto now = parts_.clock();
  auto session =
      TRY(accept_card_c_init_req(req.message, parts_.ca.settings.brand, now, parts_.rng));
  session = TRY(parts_.store.insert(session, now));
  const auto& cae = parts_.ca.party->key_exchange->leaf;
  return Reply<CardCInitRes>{make_card_c_init_res(session, *req.message, cae.thumbprint()),
                             with_certificates({cae})};
}

Result<Reply<MeAqCInitRes>> Service::me_aq_c_init(const Opened<MeAqCInitReq>& req) {
  const auto now = parts_.clock();
  auto outcome =
      TRY(accept_me_aq_c_init_req(req.message, parts_.ca.settings.brand, now, parts_.rng));
  const auto& cae = parts_.ca.party->key_exchange->leaf;
  if (const auto* referral = std::get_if<Referred>(&outcome)) {
    return Reply<MeAqCInitRes>{
        make_me_aq_c_init_res(*referral, *req.message, cae.thumbprint(), parts_.rng),
        with_certificates({cae}), kNotStored};
  }
  const auto& party = std::get<InitiatedParty>(outcome);
  TRY(parts_.store.insert(party.next, now));
  return Reply<MeAqCInitRes>{make_me_aq_c_init_res(party, *req.message, cae.thumbprint()),
                             with_certificates({cae})};
}

Result<Reply<RegFormRes>> Service::reg_form(const Opened<RegFormReq>& req) {
  const auto account = TRY(pan_only_from_block(req.account->reveal()));
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  const auto outcome =
      TRY(accept_reg_form_req(session, req.message, account, parts_.issuer, parts_.rng));
  if (const auto* referral = std::get_if<Referred>(&outcome)) {
    return Reply<RegFormRes>{make_reg_form_res(*referral, *req.message, parts_.rng), {}, kNotStored};
  }
  const auto& next = std::get<CardFormSent>(outcome);
  const auto* before = std::get_if<CardFormSent>(&session);
  const bool repeated = before != nullptr && before->form_request == next.form_request;
  if (!repeated) TRY(parts_.store.advance(next));
  return Reply<RegFormRes>{make_reg_form_res(next, *req.message)};
}

// --- Cert ---

Result<Reply<CertRes>> Service::cert(const Opened<CertReq>& req) {
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  if (auto repeated = TRY(accept_repeated_cert_req(session, req.message))) {
    const auto* certified = std::get_if<Certified>(&session);
    Reply<CertRes> reply{std::move(*repeated)};
    if (reply.message.status == CertStatusCode::request_complete)
      reply.answer = with_certificates(certified->certificates);
    return reply;
  }
  if (const auto* card = std::get_if<CardFormSent>(&session)) return card_cert(*card, req);
  return party_cert(std::get<PartyInitiated>(session), req);
}

Result<Reply<CertRes>> Service::card_cert(const CardFormSent& session, const Opened<CertReq>& req) {
  const auto account = TRY(pan_data0_from_block(req.account->reveal()));
  const auto outcome = TRY(accept_card_cert_req(session, req.message, account));
  if (const auto* refusal = std::get_if<Refusal>(&outcome))
    return refuse(session.head, req.message, *refusal);
  const auto& accepted = std::get<AcceptedCard>(outcome);
  // "ask issuer → rejectedByIssuer"; how often one card may be asked about is limited.
  const auto card = card_digest(account.pan);
  const bool may_ask =
      TRY(parts_.store.count_card_attempt(card, req.message.content_digest(), parts_.clock()));
  if (!may_ask || !parts_.issuer.vouches_for(account, accepted.cardholder_name, parts_.clock())) {
    return refuse(
        session.head, req.message,
        {CertStatusCode::rejected_by_issuer, "The issuer did not confirm the card's data.", {}});
  }
  const auto certified = TRY(certify_card(session, req.message, account, card));
  if (const auto* refusal = std::get_if<Refusal>(&certified))
    return refuse(session.head, req.message, *refusal);
  return complete(std::get<Certified>(certified), req.message);
}

Result<std::variant<Certified, Refusal>> Service::certify_card(const CardFormSent& session,
                                                               const Verified<CertReq>& req,
                                                               const PANData0& account,
                                                               const Digest& card) {
  using Outcome = std::variant<Certified, Refusal>;
  const auto now = parts_.clock();
  auto issued = issue_card(session, req, account, parts_.ca.authorities.cca,
                           parts_.ca.settings.public_url, parts_.issuer, now, parts_.rng);
  if (!issued) return Outcome(TRY(refusal_of(issued.error())));
  Completion completion{*issued, {}, {key_digest_of(req->signature_key)}, std::nullopt, card};
  completion.issued.push_back(record_of(issued->certificates.front(), ""));
  if (auto refusal = TRY(parts_.store.complete(completion, now)))
    return Outcome(std::move(*refusal));
  return Outcome(std::move(*issued));
}

Result<Reply<CertRes>> Service::party_cert(const PartyInitiated& session,
                                           const Opened<CertReq>& req) {
  const auto account = TRY(acct_data_from_block(req.account->reveal()));
  if (const auto refusal = TRY(accept_party_cert_req(session, req.message))) {
    return refuse(session.head, req.message, *refusal);
  }
  const auto token = TRY(parts_.store.find_token(token_digest(account.identification)));
  if (const auto refusal = check_token(token, session, req.message->tls_hosts, parts_.clock())) {
    return refuse(session.head, req.message, *refusal);
  }
  const auto certified = TRY(certify_party(session, req.message, *token));
  if (const auto* refusal = std::get_if<Refusal>(&certified))
    return refuse(session.head, req.message, *refusal);
  return complete(std::get<Certified>(certified), req.message);
}

Result<std::variant<Certified, Refusal>> Service::certify_party(const PartyInitiated& session,
                                                                const Verified<CertReq>& req,
                                                                const TokenRecord& token) {
  using Outcome = std::variant<Certified, Refusal>;
  const auto now = parts_.clock();
  auto issued =
      issue_party(session, req, {token.name, token.city, token.country}, parts_.ca.authorities,
                  parts_.ca.transport, parts_.ca.settings.public_url, now, parts_.rng);
  if (!issued) return Outcome(TRY(refusal_of(issued.error())));
  auto& next = issued->next;
  next.tls_certificates = TRY(certificates_of_pem(issued->tls_pem, "the TLS certificate"));
  const auto party_id = party_id_of(session);
  Completion completion{next, {}, {}, token, std::nullopt};
  for (const auto& certificate : next.certificates)
    completion.issued.push_back(record_of(certificate, party_id));
  completion.issued.push_back(
      TRY(tls_record(issued->tls_pem, next.tls_certificates.front(),
                     to_string(role_of(session.request_type)), party_id, req->tls_key)));
  for (const auto& record : completion.issued) completion.new_keys.push_back(record.key_digest);
  if (auto refusal = TRY(parts_.store.complete(completion, now)))
    return Outcome(std::move(*refusal));
  return Outcome(std::move(next));
}

Result<Reply<CertRes>> Service::refuse(const SessionHead& head, const Verified<CertReq>& req,
                                       const Refusal& refusal) {
  TRY(parts_.store.refuse(head, {req->signature_key, refusal.status}));
  log_warning("certificate refused", req.head().rrpid, role_of(req->request_type), refusal.status,
              LogWord{"reason", refusal.message});
  return Reply<CertRes>{make_cert_res(head, refusal, req->chall_ee3), {}, kNotStored};
}

Reply<CertRes> Service::complete(const Certified& session, const Verified<CertReq>& req) const {
  for (const auto& certificate : session.certificates) {
    log_info("certificate issued", req.head().rrpid, role_of(req->request_type),
             certificate.thumbprint());
  }
  return {make_cert_res(session, req->chall_ee3), with_certificates(session.certificates)};
}

// --- CertInq ---

Result<Reply<CertInqRes>> Service::cert_inq(const Opened<CertInqReq>& req) {
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  const auto state = TRY(accept_cert_inq_req(session, req.message));
  Reply<CertInqRes> reply{make_cert_inq_res(head_of(session), state, req.message->chall_ee3)};
  if (const auto* certified = std::get_if<Certified>(&state)) {
    reply.answer = with_certificates(certified->certificates);
  }
  reply.stored = false;  // the state of the moment
  return reply;
}

// --- what the flows share ---

const Authority& Service::issuer_of(const Certificate& certificate) const {
  const auto& authorities = parts_.ca.authorities;
  if (certificate.has_role(Role::cardholder)) return authorities.cca;
  return certificate.has_role(Role::merchant) ? authorities.mca : authorities.pca;
}

Answer Service::with_certificates(const std::vector<Certificate>& certificates) const {
  Answer answer;
  for (const auto& certificate : certificates) {
    answer.enclosed.push_back(certificate);
    // The brand's certificate comes with the signer's own chain.
    const auto roles = certificate.roles();
    if (roles.size() == 1) answer.enclosed.push_back(issuer_of(certificate).certificate);
  }
  return answer;
}

Digest Service::card_digest(const Pan& pan) const {
  const auto mac = hmac_sha384(parts_.ca.card_key.reveal(), view_of(pan.reveal()));
  Digest out;
  std::copy(mac.begin(), mac.end(), out.value.begin());
  return out;
}

// --- the doors ---

grpc::Status Service::CardCInit(grpc::ServerContext*, const wire::MessageWrapper* in,
                                wire::MessageWrapper* out) {
  return handle<CardCInitReq, CardCInitRes>(receiver_, *in, *out,
                                            [this](const auto& req) { return card_c_init(req); });
}

grpc::Status Service::MeAqCInit(grpc::ServerContext*, const wire::MessageWrapper* in,
                                wire::MessageWrapper* out) {
  return handle<MeAqCInitReq, MeAqCInitRes>(receiver_, *in, *out,
                                            [this](const auto& req) { return me_aq_c_init(req); });
}

grpc::Status Service::RegForm(grpc::ServerContext*, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) {
  return handle<RegFormReq, RegFormRes>(receiver_, *in, *out,
                                        [this](const auto& req) { return reg_form(req); });
}

grpc::Status Service::Cert(grpc::ServerContext*, const wire::MessageWrapper* in,
                           wire::MessageWrapper* out) {
  // "new signature key → verify with PublicKeyS": possession of the key that is to be certified.
  const NewKey<CertReq> new_key = [](const CertReq& req) -> Result<Bytes> {
    return req.signature_key;
  };
  return handle<CertReq, CertRes>(
      receiver_, *in, *out, [this](const auto& req) { return cert(req); }, new_key);
}

grpc::Status Service::CertInq(grpc::ServerContext*, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) {
  // "signed with the new key (not yet certified)": the key of the session's CertReq.
  const NewKey<CertInqReq> new_key = [this](const CertInqReq& req) -> Result<Bytes> {
    const auto session = TRY(parts_.store.find_session(req.lid_ca, parts_.clock()));
    return inquiry_key(session);
  };
  return handle<CertInqReq, CertInqRes>(
      receiver_, *in, *out, [this](const auto& req) { return cert_inq(req); }, new_key);
}

}  // namespace set::ca
