// The gateway's door: GatewayService over gRPC. Each RPC goes through handle() (common/daemon) into
// a flow here; a flow is straight and holds only SET. Any thread; it owns no state but the store.
#pragma once

#include <mutex>
#include <set>

#include "common/daemon/handle.h"
#include "gateway/authorization.h"
#include "gateway/store.h"
#include "set/v1/services.grpc.pb.h"

namespace set::gateway {

class Service final : public wire::GatewayService::Service {
 public:
  /// What the flows work with; all of it outlives the service. `token_key` is the entry "token" of
  /// keys.set.
  struct Parts {
    Receiver& receiver;
    Store& store;
    Acquirer& acquirer;
    const SecretBytes& token_key;
    GatewayTerms terms;
  };
  explicit Service(Parts parts) : parts_(std::move(parts)) {}

  /// Decides what was left waiting for the acquirer when a flow or the whole process died, and
  /// stores the answers that are owed, so that a merchant's repeated bytes find them however late.
  /// Before serving with no age; beside it for what is older than any flow takes. In either order a
  /// flow that still runs comes to the same answer.
  Result<void> resume(Duration older_than = {});

  /// One AuthReq; the RPCs below add the transport's check.
  grpc::Status authorize(const wire::MessageWrapper& in, wire::MessageWrapper& out);
  grpc::Status gateway_certificates(const wire::MessageWrapper& in, wire::MessageWrapper& out);
  Result<wire::FetchCertificatesResponse> fetch_certificates(
      const wire::FetchCertificatesRequest& in) const;

 private:
  grpc::Status Authorize(grpc::ServerContext* context, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override;
  grpc::Status GatewayCertificates(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) override;
  grpc::Status FetchCertificates(grpc::ServerContext* context,
                                 const wire::FetchCertificatesRequest* in,
                                 wire::FetchCertificatesResponse* out) override;

  Result<Reply<AuthRes>> authorize_flow(Opened<AuthReq>& opened, const Digest& request_digest);
  Result<std::variant<Decided, Refused>> decide(Opened<AuthReq>& opened, const Party& party,
                                                const Digest& request_digest);
  Result<Decided> ask_acquirer(AwaitingAcquirer waiting, const PANData& account);
  /// None: it was never asked, and the merchant may still repeat its request.
  Result<std::optional<Decided>> ask_acquirer_again(AwaitingAcquirer waiting);
  Result<Decided> settle(AwaitingAcquirer waiting, Result<AcquirerAnswer> answer);
  Result<void> store_answer(const Store::Unanswered& unanswered);
  Bytes pending_reply_of(const ReplyContext& reply);

  bool is_stale(const wire::MessageWrapper& in) const;

  /// One thread at a time asks about one authorisation: a reversal by the one would undo what the
  /// other was just told.
  class Deciding {
   public:
    Deciding(Service& service, const RRPID& auth_rrpid);
    ~Deciding();
    Deciding(const Deciding&) = delete;
    Deciding& operator=(const Deciding&) = delete;
    explicit operator bool() const { return alone_; }

   private:
    Service& service_;
    RRPID auth_rrpid_;
    bool alone_ = false;
  };

  Parts parts_;
  std::mutex mutex_;
  std::set<RRPID> deciding_;
};

}  // namespace set::gateway
