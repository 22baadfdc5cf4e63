#include "ca/service.h"

#include <limits>

#include "common/base/log.h"
#include "common/crypto/certificate_pem.h"
#include "common/crypto/digest.h"
#include "common/daemon/instruments.h"
#include "common/daemon/access.h"
#include "common/daemon/pem.h"

namespace set::ca {
namespace {

// Referrals and refusals are made anew for a repeat: whoever asks in vain does not fill our disk.
constexpr bool kNotStored = false;

std::string party_id_of(const IDData& id_data) {
  if (const auto* merchant = std::get_if<MerchantIDData>(&id_data))
    return merchant->merchant_bin + "/" + merchant->merchant_id;
  const auto& gateway = std::get<AcquirerIDData>(id_data);
  return gateway.acquirer_bin + "/" + gateway.business_id;
}

/// Digests of every key that a request would have certified.
std::vector<Digest> key_digests_of(const ToCertify& request) {
  const auto* party = std::get_if<PartyContents>(&request.contents);
  if (party != nullptr && is_tls_renewal(party->request_type)) return {key_digest_of(party->tls_key)};
  std::vector<Digest> keys{key_digest_of(request.signature_key)};
  if (party != nullptr) {
    keys.push_back(key_digest_of(party->encryption_key));
    keys.push_back(key_digest_of(party->tls_key));
  }
  return keys;
}

// What each message says of its sender, for the audit log.
template <class Message>
void note(AuditEntry& audit, const Message& message) {
  audit.lid_ee = to_hex(view_of(message.lid_ee.value));
  if constexpr (requires { message.request_type; }) {
    audit.request_type = static_cast<int>(message.request_type);
    audit.role = to_string(role_of(message.request_type));
  }
}

void note_request(AuditEntry& audit, const ToCertify& request) {
  const auto* party = std::get_if<PartyContents>(&request.contents);
  audit.role = to_string(party != nullptr ? role_of(party->request_type) : Role::cardholder);
  if (party != nullptr) {
    audit.bin = bin_of(party->id_data);
    audit.party = party_id_of(party->id_data);
  }
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
                parts_.rng),
      limiter_(parts_.rate) {}

template <class Req, class Res, class Flow>
grpc::Status Service::door(const grpc::ServerContext* context, const wire::MessageWrapper& in,
                           wire::MessageWrapper& out, Flow flow, const NewKey<Req>& new_key) {
  auto audit = admit(context, to_string(Treatment<Req>::info.type));
  if (!audit) return status_of(audit.error());
  if (const auto good = check_own_certificate(*audit); !good) return status_of(good.error());
  return handle<Req, Res>(
      receiver_, caller_of(context), in, out,
      [&](const auto& req) {
        note(*audit, *req.message);
        audit->rrpid = req.reply.rrpid.hex();
        return flow(req, *audit);
      },
      *audit, new_key);
}

// --- CardCInit, Me-AqCInit, RegForm ---

Result<Reply<CardCInitRes>> Service::card_c_init(const Opened<CardCInitReq>& req,
                                                 AuditEntry& audit) {
  const auto now = parts_.clock();
  auto session =
      TRY(accept_card_c_init_req(req.message, parts_.ca.settings.brand, now, parts_.rng));
  session = TRY(parts_.store.insert(session, now, origin_of(audit)));
  const auto& cae = parts_.ca.party->key_exchange->leaf;
  return Reply<CardCInitRes>{make_card_c_init_res(session, *req.message, cae.thumbprint()),
                             with_certificates({cae})};
}

Result<Reply<MeAqCInitRes>> Service::me_aq_c_init(const Opened<MeAqCInitReq>& req,
                                                  AuditEntry& audit) {
  const auto now = parts_.clock();
  audit.bin = bin_of(req.message->id_data);
  audit.party = party_id_of(req.message->id_data);
  const auto& brand = parts_.ca.settings.brand;
  auto outcome =
      TRY(accept_me_aq_c_init_req(req.message, brand, parts_.forms, now, parts_.rng));
  const auto& cae = parts_.ca.party->key_exchange->leaf;
  if (const auto* referral = std::get_if<Referred>(&outcome)) {
    audit.outcome = "referral";
    return Reply<MeAqCInitRes>{
        make_me_aq_c_init_res(*referral, *req.message, cae.thumbprint(), parts_.rng),
        with_certificates({cae}), kNotStored};
  }
  const auto& party = std::get<InitiatedParty>(outcome);
  TRY(parts_.store.insert(party.next, now, origin_of(audit)));
  const auto role = role_of(req.message->request_type);
  const auto choice = parts_.forms.choose({role, audit.bin, brand, req.message->language,
                                            is_renewal(req.message->request_type)});
  const bool by_token = parts_.approval().choose(role, audit.bin) == Approval::token;
  return Reply<MeAqCInitRes>{
      make_me_aq_c_init_res(party, *req.message, cae.thumbprint(),
                            *std::get<ChosenForm>(choice).form, by_token),
      with_certificates({cae})};
}

Result<Reply<RegFormRes>> Service::reg_form(const Opened<RegFormReq>& req, AuditEntry& audit) {
  const auto account = TRY(pan_only_from_block(req.account->reveal()));
  audit.bin = account.pan.bin();
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  const auto outcome = TRY(accept_reg_form_req(session, req.message, account, desk(), parts_.rng));
  if (const auto* referral = std::get_if<Referred>(&outcome)) {
    audit.outcome = "referral";
    return Reply<RegFormRes>{make_reg_form_res(*referral, *req.message, parts_.rng), {}, kNotStored};
  }
  const auto& next = std::get<CardFormSent>(outcome);
  auto res = TRY(make_reg_form_res(next, *req.message, desk()));
  const auto* before = std::get_if<CardFormSent>(&session);
  const bool repeated = before != nullptr && before->form_request == next.form_request;
  if (!repeated) TRY(parts_.store.advance(next));
  return Reply<RegFormRes>{std::move(res)};
}

// --- Cert ---

Result<Reply<CertRes>> Service::cert(const Opened<CertReq>& req, AuditEntry& audit) {
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  if (auto repeated = TRY(accept_repeated_cert_req(session, req.message, parts_.ask_again()))) {
    const auto* certified = std::get_if<Certified>(&session);
    Reply<CertRes> reply{std::move(*repeated)};
    audit.outcome = to_string(reply.message.status);
    if (reply.message.status == CertStatusCode::request_complete)
      reply.answer = with_certificates(certified->certificates);
    // Only what stays so is stored.
    reply.stored = certified != nullptr;
    return reply;
  }
  if (const auto* card = std::get_if<CardFormSent>(&session)) return card_cert(*card, req, audit);
  return party_cert(std::get<PartyInitiated>(session), req, audit);
}

Result<Reply<CertRes>> Service::card_cert(const CardFormSent& session, const Opened<CertReq>& req,
                                          AuditEntry& audit) {
  const auto account = TRY(pan_data0_from_block(req.account->reveal()));
  audit.bin = session.bin;
  const auto outcome = TRY(accept_card_cert_req(session, req.message, account, desk()));
  if (const auto* refusal = std::get_if<Refusal>(&outcome))
    return refuse(session.head, req.message, *refusal, audit);
  const auto& accepted = std::get<AcceptedCard>(outcome);
  const auto card = card_digest(account.pan);
  if (const auto refusal = TRY(ask_issuer(accepted, req.message, account, card)))
    return refuse(session.head, req.message, *refusal, audit);
  return decide(card_to_certify(session, req.message, account, card, parts_.ca.settings.brand), req,
                std::nullopt, session.language, audit);
}

Result<std::optional<Refusal>> Service::ask_issuer(const AcceptedCard& accepted,
                                                   const Verified<CertReq>& req,
                                                   const PANData0& account, const Digest& card) {
  const auto now = parts_.clock();
  // "ask issuer → rejectedByIssuer"
  const Refusal no{
      CertStatusCode::rejected_by_issuer, "The issuer did not confirm the card's data.", {}};
  if (is_renewal(req->request_type)) {
    auto refusal = check_renewal(req, TRY(issued_before(req)), {"", card});
    // A bank has no question without verification value: what it blocks is for it to revoke.
    const bool vouched = parts_.bank != nullptr ? account.expiry.end() > now
                                                : parts_.issuer.still_vouches_for(account, now);
    if (!refusal && !vouched) refusal = no;
    return refusal;
  }
  // How often one card may be asked about is limited.
  const bool may_ask = TRY(parts_.store.count_card_attempt(card, req.content_digest(), now));
  if (!may_ask || !TRY(issuer_vouches(account, accepted.cardholder_name))) {
    return std::optional(no);
  }
  return std::optional<Refusal>();
}

Result<std::optional<IssuedBefore>> Service::issued_before(const Verified<CertReq>& req) {
  if (!req.renewed()) return std::optional<IssuedBefore>();
  const auto issued = TRY(parts_.store.find_issued(req.renewed()->thumbprint()));
  if (!issued) return std::optional<IssuedBefore>();
  IssuedBefore before{issued->revoked, issued->role, issued->party_id, issued->card, {}};
  if (!issued->tls.empty()) {
    before.tls_hosts = TRY(tls_certificate_facts(certificate_pem(issued->tls))).hosts;
  }
  return std::optional(std::move(before));
}

Result<Reply<CertRes>> Service::renew_party(const PartyInitiated& session,
                                            const Opened<CertReq>& req, AuditEntry& audit) {
  const auto before = TRY(issued_before(req.message));
  if (const auto refusal =
          check_renewal(req.message, before, {party_id_of(session.id_data), std::nullopt})) {
    return refuse(session.head, req.message, *refusal, audit);
  }
  return decide(renewal_to_certify(session, req.message, *before), req, std::nullopt,
                session.language, audit);
}

Result<Reply<CertRes>> Service::party_cert(const PartyInitiated& session,
                                           const Opened<CertReq>& req, AuditEntry& audit) {
  const auto account = TRY(acct_data_from_block(req.account->reveal()));
  if (const auto refusal = TRY(accept_party_cert_req(session, req.message, parts_.ca.settings.brand,
                                                     parts_.forms))) {
    return refuse(session.head, req.message, *refusal, audit);
  }
  if (is_renewal(session.request_type)) return renew_party(session, req, audit);
  const bool by_operator = parts_.approval().choose(role_of(session.request_type),
                                                  bin_of(session.id_data)) == Approval::by_operator;
  if (by_operator && account.identification.reveal() == kNoToken) {
    if (req.message->tls_hosts.empty()) {
      return refuse(session.head, req.message,
                    {CertStatusCode::rejected_by_ca,
                     "the request names no host for the TLS certificate", {}},
                    audit);
    }
    return decide(party_to_certify(session, req.message, facts_of_answers(req.message->answers)),
                  req, std::nullopt, session.language, audit);
  }
  const auto token = TRY(parts_.store.find_token(token_digest(account.identification)));
  if (const auto refusal = check_token(token, session, req.message->tls_hosts, parts_.clock())) {
    return refuse(session.head, req.message, *refusal, audit);
  }
  return decide(party_to_certify(session, req.message, {token->name, token->city, token->country}),
                req, token, session.language, audit);
}

Result<Reply<CertRes>> Service::decide(ToCertify request, const Opened<CertReq>& req,
                                       std::optional<TokenRecord> token,
                                       const std::string& language, AuditEntry& audit) {
  note_request(audit, request);
  const auto role = role_of(req.message->request_type);
  const auto& head = request.head;
  // Who renews was approved before.
  if (request.renewed || parts_.approval().choose(role, audit.bin) != Approval::by_operator) {
    const auto certified = TRY(certify(request, std::move(token), false, audit));
    if (const auto* refusal = std::get_if<Refusal>(&certified))
      return refuse(head, req.message, *refusal, audit);
    const auto& next = std::get<Certified>(certified);
    return Reply<CertRes>{make_cert_res(next, req.message->chall_ee3),
                          with_certificates(next.certificates)};
  }
  // "→ requestPended": an operator decides, CertInqReq asks again.
  audit.outcome = to_string(CertStatusCode::request_pended);
  auto pended = audit;
  pended.event = "pended";
  RequestToPend to_pend{request, language,         req.message->answers, key_digests_of(request),
                        token,   std::move(pended)};
  if (audit.peer != kLocalPeer) to_pend.address = audit.peer;
  to_pend.most_of_address = parts_.pended_per_address();
  if (const auto refusal = TRY(parts_.store.pend(to_pend, parts_.clock())))
    return refuse(head, req.message, *refusal, audit);
  log_info("registration waits for the operator", req.message.head().rrpid, role);
  return Reply<CertRes>{
      make_cert_res(Pended{std::move(request)}, req.message->chall_ee3, parts_.ask_again()), {},
      kNotStored};
}

Result<std::variant<Certified, Refusal>> Service::certify(const ToCertify& request,
                                                          std::optional<TokenRecord> token,
                                                          bool approved, AuditEntry& audit) {
  using Outcome = std::variant<Certified, Refusal>;
  const auto now = parts_.clock();
  const IssuingParts ca{parts_.ca.authorities, parts_.ca.transport, parts_.ca.settings.public_url,
                        parts_.issuer.name(), parts_.ca.settings.lifetimes};
  auto issued = issue_certificates(request, ca, now, parts_.rng);
  if (!issued) return Outcome(TRY(refusal_of(issued.error())));
  auto& next = issued->next;
  Completion completion{{}, {}, key_digests_of(request), std::move(token), std::nullopt, approved,
                        {}};
  if (const auto* card = std::get_if<CardContents>(&request.contents)) completion.card = card->card;
  for (const auto& certificate : next.certificates)
    completion.issued.push_back(record_of(certificate, audit.party));
  if (const auto* party = std::get_if<PartyContents>(&request.contents)) {
    next.tls_certificates = TRY(certificates_of_pem(issued->tls_pem, "the TLS certificate"));
    completion.issued.push_back(TRY(tls_record(issued->tls_pem, next.tls_certificates.front(),
                                               audit.role, audit.party, party->tls_key)));
  }
  completion.next = next;
  completion.renewed = request.renewed;
  audit.outcome = to_string(CertStatusCode::request_complete);
  for (const auto& record : completion.issued)
    audit.thumbprints.push_back(record.thumbprint.hex());
  completion.audit = audit;
  completion.audit.event = "issued";
  if (auto refusal = TRY(parts_.store.complete(completion, now)))
    return Outcome(std::move(*refusal));
  for (const auto& certificate : next.certificates) {
    log_info("certificate issued", certificate.roles().front(), certificate.thumbprint());
    metrics::certificates_issued.count(certificate.roles().front());
  }
  return Outcome(std::move(next));
}

Result<Reply<CertRes>> Service::refuse(const SessionHead& head, const Verified<CertReq>& req,
                                       const Refusal& refusal, AuditEntry& audit) {
  CHECK_OR_FAIL(head.version < kMaxSteps, ErrorCode::resource_exhausted,
                "this registration has had too many requests");
  // An inquiry is signed with the key that signed this; a renewal of TLS alone has no new one.
  const bool certified = req->signature_key.empty() && req.renewed().has_value();
  const auto& key = certified ? req.renewed()->public_key() : req->signature_key;
  TRY(parts_.store.refuse(head, {key, refusal.status}));
  audit.outcome = to_string(refusal.status);
  audit.thumbprints.clear();
  log_warning("certificate refused", req.head().rrpid, role_of(req->request_type), refusal.status,
              LogWord{"reason", refusal.message});
  return Reply<CertRes>{make_cert_res(head, refusal, req->chall_ee3), {}, kNotStored};
}

// --- CertInq ---

Result<CertState> Service::collect(const Pended& session, AuditEntry& audit) {
  note_request(audit, session);
  auto certified = certify(session, std::nullopt, true, audit);
  // "requestInProgress": another inquiry is being answered with the certificates this moment.
  if (!certified && certified.error().code == ErrorCode::conflict) {
    audit.thumbprints.clear();
    return CertState(session);
  }
  if (!certified) return failure(certified.error());
  if (auto* next = std::get_if<Certified>(&*certified)) return CertState(std::move(*next));
  audit.thumbprints.clear();
  Pended refused = session;
  refused.decision = Decision::rejected;
  refused.refusal = std::get<Refusal>(std::move(*certified));
  return CertState(std::move(refused));
}

Result<Reply<CertInqRes>> Service::cert_inq(const Opened<CertInqReq>& req, AuditEntry& audit) {
  const auto session = TRY(parts_.store.find_session(req.message->lid_ca, parts_.clock()));
  auto state = TRY(accept_cert_inq_req(session, req.message));
  const auto* pended = std::get_if<Pended>(&state);
  if (pended != nullptr && pended->decision == Decision::approved)
    state = TRY(collect(Pended(*pended), audit));
  Reply<CertInqRes> reply{
      make_cert_inq_res(head_of(session), state, req.message->chall_ee3, parts_.ask_again())};
  if (const auto* certified = std::get_if<Certified>(&state)) {
    reply.answer = with_certificates(certified->certificates);
  }
  audit.outcome = to_string(reply.message.state.status);
  reply.stored = false;  // the state of the moment
  return reply;
}

// --- BCIDistribution ---

grpc::Status Service::BCIDistribution(grpc::ServerContext* context, const wire::BCIDistributionRequest* in,
                                      wire::BCIDistributionResponse* out) {
  auto admitted = admit(context, "BCIDistribution");
  if (!admitted) return status_of(admitted.error());
  // Everybody asks for this all day: one entry for an address and a minute.
  admitted->outcome = "answered";
  receiver_.counts().count(*std::move(admitted));
  const auto held = from_wire(in->thumbs());
  if (!held) return status_of({ErrorCode::permission_denied, ""});
  const auto& revocation = parts_.ca.party->trust->revocation();
  const auto set = revocation.of(parts_.ca.settings.brand);
  if (set == nullptr && revocation.root_lists().empty())
    return status_of({ErrorCode::peer_unavailable, ""});
  if (set != nullptr) {
    add_revocations(*out->mutable_bag(), *set, *held, std::numeric_limits<std::size_t>::max());
  }
  add_root_lists(*out->mutable_bag(), revocation, *held);
  return grpc::Status::OK;
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
    if (roles.size() != 1) continue;
    answer.enclosed.push_back(issuer_of(certificate).certificate);
    const auto& geopolitical = parts_.ca.authorities.geopolitical;
    if (geopolitical) answer.enclosed.push_back(*geopolitical);
  }
  return answer;
}

Result<bool> Service::issuer_vouches(const PANData0& account,
                                     std::string_view cardholder_name) const {
  if (parts_.bank != nullptr) return parts_.bank->vouches_for(account, cardholder_name);
  return parts_.issuer.vouches_for(account, cardholder_name, parts_.clock());
}

Digest Service::card_digest(const Pan& pan) const {
  const auto mac = hmac_sha384(parts_.ca.card_key.reveal(), view_of(pan.reveal()));
  Digest out;
  std::copy(mac.begin(), mac.end(), out.value.begin());
  return out;
}

// --- the doors ---

grpc::Status Service::CardCInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                wire::MessageWrapper* out) {
  return door<CardCInitReq, CardCInitRes>(context, *in, *out, [this](const auto& req, auto& audit) {
    return card_c_init(req, audit);
  });
}

grpc::Status Service::MeAqCInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                wire::MessageWrapper* out) {
  return door<MeAqCInitReq, MeAqCInitRes>(context, *in, *out, [this](const auto& req, auto& audit) {
    return me_aq_c_init(req, audit);
  });
}

grpc::Status Service::RegForm(grpc::ServerContext* context, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) {
  return door<RegFormReq, RegFormRes>(context, *in, *out, [this](const auto& req, auto& audit) {
    return reg_form(req, audit);
  });
}

grpc::Status Service::Cert(grpc::ServerContext* context, const wire::MessageWrapper* in,
                           wire::MessageWrapper* out) {
  // "new signature key → verify with PublicKeyS": possession of the key that is to be certified.
  const NewKey<CertReq> new_key = [](const CertReq& req) -> Result<Bytes> {
    return req.signature_key;
  };
  return door<CertReq, CertRes>(
      context, *in, *out, [this](const auto& req, auto& audit) { return cert(req, audit); },
      new_key);
}

grpc::Status Service::CertInq(grpc::ServerContext* context, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) {
  // "signed with the new key (not yet certified)": the key of the session's CertReq.
  const NewKey<CertInqReq> new_key = [this](const CertInqReq& req) -> Result<Bytes> {
    const auto session = TRY(parts_.store.find_session(req.lid_ca, parts_.clock()));
    return inquiry_key(session);
  };
  return door<CertInqReq, CertInqRes>(
      context, *in, *out, [this](const auto& req, auto& audit) { return cert_inq(req, audit); },
      new_key);
}

}  // namespace set::ca
