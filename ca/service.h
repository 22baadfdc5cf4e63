// The CA's five RPCs: handle() opens and answers, enrollment.h decides, store.h remembers. Called
// from gRPC's threads; holds no state of its own.
#pragma once

#include "ca/enrollment.h"
#include "ca/key_store.h"
#include "ca/store.h"
#include "common/daemon/handle.h"
#include "set/v1/services.grpc.pb.h"

namespace set::ca {

struct ServiceParts {
  const LoadedCa& ca;
  const Issuer& issuer;
  Store& store;
  Clock clock;
  Rng& rng;
};

class Service final : public wire::CertificateAuthorityService::Service {
 public:
  explicit Service(ServiceParts parts);

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

 private:
  // The flows, each as straight as the diagram in the specification.
  Result<Reply<CardCInitRes>> card_c_init(const Opened<CardCInitReq>& req);
  Result<Reply<MeAqCInitRes>> me_aq_c_init(const Opened<MeAqCInitReq>& req);
  Result<Reply<RegFormRes>> reg_form(const Opened<RegFormReq>& req);
  Result<Reply<CertRes>> cert(const Opened<CertReq>& req);
  Result<Reply<CertInqRes>> cert_inq(const Opened<CertInqReq>& req);

  Result<Reply<CertRes>> card_cert(const CardFormSent& session, const Opened<CertReq>& req);
  Result<Reply<CertRes>> party_cert(const PartyInitiated& session, const Opened<CertReq>& req);
  /// Issues and records all or nothing; a Refusal where the profile or the database says no.
  Result<std::variant<Certified, Refusal>> certify_card(const CardFormSent& session,
                                                        const Verified<CertReq>& req,
                                                        const PANData0& account,
                                                        const Digest& card);
  Result<std::variant<Certified, Refusal>> certify_party(const PartyInitiated& session,
                                                         const Verified<CertReq>& req,
                                                         const TokenRecord& token);
  Result<Reply<CertRes>> refuse(const SessionHead& head, const Verified<CertReq>& req,
                                const Refusal& refusal);
  Reply<CertRes> complete(const Certified& session, const Verified<CertReq>& req) const;
  Answer with_certificates(const std::vector<Certificate>& certificates) const;
  const Authority& issuer_of(const Certificate& certificate) const;
  Digest card_digest(const Pan& pan) const;

  ServiceParts parts_;
  Receiver receiver_;
};

}  // namespace set::ca
