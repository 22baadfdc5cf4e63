// The CA's RPCs: handle() opens and answers, enrollment.h decides, store.h remembers. Every
// request goes into the audit log, the refused ones too, and no answer leaves before it is there: a
// full disk stops the CA, it never makes it forget. Called from gRPC's threads; holds no state but
// the limiter's.
#pragma once

#include "ca/approval.h"
#include "ca/bank_client.h"
#include "ca/enrollment.h"
#include "ca/key_store.h"
#include "ca/renewal.h"
#include "ca/store.h"
#include "common/base/live_setting.h"
#include "common/daemon/handle.h"
#include "common/daemon/peer_limiter.h"
#include "set/v1/services.grpc.pb.h"

namespace set::ca {

struct ServiceParts {
  const LoadedCa& ca;
  const Issuer& issuer;
  Store& store;
  Clock clock;
  Rng& rng;
  FormBook forms = FormBook::standard();
  LiveSetting<ApprovalRules> approval = {};
  LiveSetting<Duration> ask_again = std::chrono::minutes(1);  ///< suggested in requestPended
  PeerRate rate = {};                                  ///< requests of one address
  LiveSetting<std::int64_t> sessions_per_address = 1000;      ///< that may be open
  LiveSetting<std::int64_t> pended_per_address = 20;          ///< that may wait for an operator
  BankClient* bank = nullptr;  ///< null: the issuer's own card file vouches
};

class Service final : public wire::CertificateAuthorityService::Service {
 public:
  explicit Service(ServiceParts parts);

  /// From now on.
  void set_rate(PeerRate rate) { limiter_.set_rate(rate); }
  /// What is counted for the audit log's keeper.
  audit::CallCounts& counts() { return receiver_.counts(); }

  grpc::Status CardCInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override;
  grpc::Status MeAqCInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override;
  grpc::Status RegForm(grpc::ServerContext* context, const wire::MessageWrapper* in,
                       wire::MessageWrapper* out) override;
  grpc::Status Cert(grpc::ServerContext* context, const wire::MessageWrapper* in,
                    wire::MessageWrapper* out) override;
  grpc::Status CertInq(grpc::ServerContext* context, const wire::MessageWrapper* in,
                       wire::MessageWrapper* out) override;
  grpc::Status BCIDistribution(grpc::ServerContext* context,
                               const wire::BCIDistributionRequest* in,
                               wire::BCIDistributionResponse* out) override;

 private:
  // Every RPC passes here: limit, handle() with the audit entry.
  template <class Req, class Res, class Flow>
  grpc::Status door(const grpc::ServerContext* context, const wire::MessageWrapper& in,
                    wire::MessageWrapper& out, Flow flow, const NewKey<Req>& new_key = {});
  /// permission_denied once the brand, or this CA, is revoked: it speaks for nobody any more.
  Result<void> check_own_certificate(AuditEntry entry);
  /// resource_exhausted if this address asks too often.
  Result<AuditEntry> admit(const grpc::ServerContext* context, std::string_view message);

  // The flows, each as straight as the diagram in the specification. They note in the audit entry
  // what they learn.
  Result<Reply<CardCInitRes>> card_c_init(const Opened<CardCInitReq>& req, AuditEntry& audit);
  Result<Reply<MeAqCInitRes>> me_aq_c_init(const Opened<MeAqCInitReq>& req, AuditEntry& audit);
  Result<Reply<RegFormRes>> reg_form(const Opened<RegFormReq>& req, AuditEntry& audit);
  Result<Reply<CertRes>> cert(const Opened<CertReq>& req, AuditEntry& audit);
  Result<Reply<CertInqRes>> cert_inq(const Opened<CertInqReq>& req, AuditEntry& audit);

  Result<Reply<CertRes>> card_cert(const CardFormSent& session, const Opened<CertReq>& req,
                                   AuditEntry& audit);
  Result<Reply<CertRes>> party_cert(const PartyInitiated& session, const Opened<CertReq>& req,
                                    AuditEntry& audit);
  /// The second step: by itself, or by an operator.
  Result<Reply<CertRes>> decide(ToCertify request, const Opened<CertReq>& req,
                                std::optional<TokenRecord> token, const std::string& language,
                                AuditEntry& audit);
  /// Issues and records all or nothing; a Refusal where the profile or the database says no.
  Result<std::variant<Certified, Refusal>> certify(const ToCertify& request,
                                                   std::optional<TokenRecord> token, bool approved,
                                                   AuditEntry& audit);
  /// None if nothing is known of what the request would renew.
  Result<std::optional<IssuedBefore>> issued_before(const Verified<CertReq>& req);
  /// The issuer's part of a cardholder's request: none, or its no.
  Result<std::optional<Refusal>> ask_issuer(const AcceptedCard& accepted,
                                            const Verified<CertReq>& req, const PANData0& account,
                                            const Digest& card);
  Result<Reply<CertRes>> renew_party(const PartyInitiated& session, const Opened<CertReq>& req,
                                     AuditEntry& audit);
  Result<Reply<CertRes>> refuse(const SessionHead& head, const Verified<CertReq>& req,
                                const Refusal& refusal, AuditEntry& audit);
  /// An approved request, at the first inquiry after that.
  Result<CertState> collect(const Pended& session, AuditEntry& audit);
  Origin origin_of(const AuditEntry& audit) const;
  CardDesk desk() const { return {parts_.issuer, parts_.forms, parts_.ca.settings.brand}; }
  Answer with_certificates(const std::vector<Certificate>& certificates) const;
  const Authority& issuer_of(const Certificate& certificate) const;
  /// peer_unavailable: the bank does not answer.
  Result<bool> issuer_vouches(const PANData0& account, std::string_view cardholder_name) const;
  Digest card_digest(const Pan& pan) const;

  ServiceParts parts_;
  Receiver receiver_;
  PeerLimiter limiter_;
};

}  // namespace set::ca
