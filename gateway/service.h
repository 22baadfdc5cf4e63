// The gateway's door: GatewayService over gRPC. Each RPC goes through handle() (common/daemon) into
// a flow here; a flow is straight and holds only SET. Any thread; it owns no state but the store.
#pragma once

#include <mutex>
#include <set>

#include "common/base/live_setting.h"
#include "common/daemon/handle.h"
#include "common/store/leases.h"
#include "gateway/authorization.h"
#include "gateway/batch.h"
#include "gateway/payment_item.h"
#include "gateway/store.h"
#include "gateway/store_batches.h"
#include "gateway/store_payments.h"
#include "set/v1/services.grpc.pb.h"

namespace set::gateway {

/// An answer that is stored when nobody waits for it: after a crash. What goes into the books with it.
template <class Req, class Res>
Proof proof_of_late_answer(const Res& answer, const std::optional<TransIDs>& trans_ids,
                           const SealedAnswer& sealed, const OwedReply& owed,
                           const ReplyContext& reply, const Party& self, Instant now) {
  Proof proof;
  proof.entry.at = now;
  proof.entry.event = "request";
  proof.entry.message = to_string(Treatment<Req>::info.type);
  proof.entry.rrpid = reply.rrpid.hex();
  if (trans_ids) proof.entry.xid = trans_ids->xid.hex();
  proof.entry.outcome = "answered after a restart";
  proof.entry.request = owed.request_digest;
  proof.entry.statement = reply.request_digest;
  proof.entry.answer = wrapper_digest(sealed.wire);
  proof.statements.push_back(own_statement(Treatment<Res>::info.type, sealed.evidence, self,
                                           purchases_of(answer, trans_ids)));
  return proof;
}

class Service final : public wire::GatewayService::Service {
 public:
  /// What the flows work with; all of it outlives the service. `token_key` is the entry "token" of
  /// keys.set.
  struct Parts {
    Receiver& receiver;
    Store& store;
    Acquirer& acquirer;
    const SecretBytes& token_key;
    LiveSetting<GatewayTerms> terms;
    LiveSetting<bool> close_daily = false;  ///< batches are closed when their day (UTC) is over
  };
  explicit Service(Parts parts)
      : parts_(std::move(parts)),
        payments_(parts_.store.database()),
        batches_(parts_.store.database()) {}

  /// Decides what was left waiting for the acquirer when a flow or the whole process died, and
  /// stores the answers that are owed, so that a merchant's repeated bytes find them however late.
  /// Before serving with no age; beside it for what is older than any flow takes. In either order a
  /// flow that still runs comes to the same answer.
  Result<void> resume(Duration older_than = {});

  /// Closes batches whose day is over, if it was told to, and asks the acquirer about those that
  /// are closed and complete. Beside serving.
  Result<void> settle_batches();

  /// One request each; `caller` is whom the TLS certificate names (access.h).
  using Caller = std::optional<PartyName>;
  grpc::Status authorize(const Caller& caller, const wire::MessageWrapper& in,
                         wire::MessageWrapper& out);
  grpc::Status reverse_authorization(const Caller& caller, const wire::MessageWrapper& in,
                                     wire::MessageWrapper& out);
  grpc::Status capture(const Caller& caller, const wire::MessageWrapper& in,
                       wire::MessageWrapper& out);
  grpc::Status reverse_capture(const Caller& caller, const wire::MessageWrapper& in,
                               wire::MessageWrapper& out);
  grpc::Status credit(const Caller& caller, const wire::MessageWrapper& in,
                      wire::MessageWrapper& out);
  grpc::Status reverse_credit(const Caller& caller, const wire::MessageWrapper& in,
                              wire::MessageWrapper& out);
  grpc::Status administer_batch(const Caller& caller, const wire::MessageWrapper& in,
                                wire::MessageWrapper& out);
  grpc::Status gateway_certificates(const Caller& caller, const wire::MessageWrapper& in,
                                    wire::MessageWrapper& out);
  Result<wire::FetchCertificatesResponse> fetch_certificates(
      const wire::FetchCertificatesRequest& in) const;

 private:
  grpc::Status Authorize(grpc::ServerContext* context, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override;
  grpc::Status ReverseAuthorization(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                    wire::MessageWrapper* out) override;
  grpc::Status Capture(grpc::ServerContext* context, const wire::MessageWrapper* in,
                       wire::MessageWrapper* out) override;
  grpc::Status ReverseCapture(grpc::ServerContext* context, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) override;
  grpc::Status Credit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                      wire::MessageWrapper* out) override;
  grpc::Status ReverseCredit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                             wire::MessageWrapper* out) override;
  grpc::Status AdministerBatch(grpc::ServerContext* context, const wire::MessageWrapper* in,
                               wire::MessageWrapper* out) override;
  grpc::Status GatewayCertificates(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) override;
  grpc::Status FetchCertificates(grpc::ServerContext* context,
                                 const wire::FetchCertificatesRequest* in,
                                 wire::FetchCertificatesResponse* out) override;

  Result<Reply<AuthRes>> authorize_flow(Opened<AuthReq>& opened, const Digest& request_digest);
  Result<std::variant<Decided, Refused>> decide(Opened<AuthReq>& opened, const Party& party,
                                                const Digest& request_digest);
  Result<std::variant<Decided, Refused>> decide_new(Opened<AuthReq>& opened, const Party& party,
                                                    const Digest& request_digest);
  Result<std::variant<Decided, Refused>> decide_by_token(Opened<AuthReq>& opened, ByteView token,
                                                         const Party& party,
                                                         const Digest& request_digest);
  /// `proof`: what was signed, kept with the claim.
  Result<std::variant<Decided, Refused>> claim_and_ask(AwaitingAcquirer waiting,
                                                       const PANData* account,
                                                       const Opened<AuthReq>& opened,
                                                       const Digest& request_digest, Proof proof);
  /// `account` is null where the terms have a stored credential.
  Result<Decided> ask_acquirer(AwaitingAcquirer waiting, const PANData* account,
                               const std::optional<AVSData>& avs_data = std::nullopt);
  Result<AcquirerAnswer> ask(const AuthorizationTerms& terms, const PANData* account,
                             const std::optional<AVSData>& avs_data);
  /// None: it was never asked, and the merchant may still repeat its request.
  Result<std::optional<Decided>> ask_acquirer_again(AwaitingAcquirer waiting);
  /// Only while Deciding.
  Result<Decided> settle(AwaitingAcquirer waiting, Result<AcquirerAnswer> answer);
  /// The lease of Deciding, taken or made longer; true where no other daemon has it.
  Result<bool> lease(const RRPID& auth_rrpid);
  /// AuthRes of a decision, with what is of the moment: the batch's status, where it was asked for.
  Result<MadeAuthRes> auth_res_of(const Decided& decided, const Thumbprint& pe_thumb);
  Result<void> store_answer(const Store::Unanswered& unanswered);
  Bytes pending_reply_of(const ReplyContext& reply);
  ReplyContext reply_context_of(PendingReply pending, const Thumbprint& merchant) const;

  // What follows an authorisation: service_payments.cpp.
  template <class Req, class Res, class Accept>
  grpc::Status follow(const Caller& caller, const wire::MessageWrapper& in,
                      wire::MessageWrapper& out, const Accept& accept);
  /// Until nothing is pending; in_progress where the acquirer has not answered.
  Result<PaymentRequest> carry_out(PaymentRequest request);
  Result<void> carry_out(const PaymentRequest& request, const PaymentItem& item);
  Result<void> tell_acquirer(const PaymentRequest& request, const PaymentItem& item);
  /// A cancellation of an AuthReq that nobody works on any more ends it.
  Result<void> end_undecided(const std::string& merchant_id, const AskedItem& asked);
  Result<std::vector<BatchStatus>> batch_statuses(const PaymentRequest& request);
  template <class Res>
  Result<Reply<Res>> answer_to(const PaymentRequest& request, const Party& party);
  template <class Req, class Res>
  Result<void> store_payment_answer(const PaymentStore::Unanswered& unanswered);
  Result<void> resume_payments(Instant received_by);

  // Batches: service_batches.cpp.
  Result<Reply<BatchAdminRes>> administer(const Opened<BatchAdminReq>& opened,
                                          const Digest& request_digest);
  Result<Reply<BatchAdminRes>> answer_batch(const BatchRequest& request,
                                            const Digest& request_digest, BAStatus objection);
  /// What becomes of the operation, and of which batch. Again, it is the same.
  Result<BatchStore::Opened> operate(const BatchRequest& request, const Digest& request_digest);
  Result<BAStatus> purge(const BatchRequest& request, const Batch& batch,
                         const Digest& request_digest);
  /// None: the batch is closed, and this request did not begin before that.
  Result<std::optional<PaymentRequest>> purge_kind(const BatchRequest& request, const Batch& batch,
                                                   ItemKind undone, const Digest& request_digest);
  Result<void> store_batch_answer(const BatchStore::Unanswered& unanswered);
  Result<void> resume_batches(Instant received_by);
  Result<void> reconcile(const Batch& batch);

  /// handle(), but that a request which was claimed and whose answer is still owed never hears an
  /// Error: whatever is wrong with its bytes by now, their date or a certificate that has ended, it
  /// must not sound as if nothing had happened.
  template <class Req, class Res, class Flow>
  grpc::Status handle_owed(const Caller& caller, const wire::MessageWrapper& in,
                           wire::MessageWrapper& out, const Flow& flow) {
    const auto status = handle<Req, Res>(parts_.receiver, caller, in, out, flow);
    if (!is_error_message(out)) return status;
    const auto owed = parts_.store.owes_answer_to(request_bytes_digest(in, caller));
    if (owed && !*owed) return status;
    out.Clear();
    return status_of(owed ? Error{ErrorCode::in_progress, ""} : owed.error());
  }

  static bool is_error_message(const wire::MessageWrapper& answer);

  /// One thread at a time asks about one authorisation, of all daemons on this database: a reversal
  /// by the one would undo what the other was just told.
  class Deciding {
   public:
    Deciding(Service& service, const RRPID& auth_rrpid);
    ~Deciding();
    Deciding(const Deciding&) = delete;
    Deciding& operator=(const Deciding&) = delete;
    explicit operator bool() const { return alone_; }

   private:
    void leave();

    Service& service_;
    RRPID auth_rrpid_;
    bool alone_ = false;
  };

  Parts parts_;
  PaymentStore payments_;
  BatchStore batches_;
  const std::string holder_ = leases::new_holder();  ///< of the leases of Deciding
  std::mutex mutex_;
  std::set<RRPID> deciding_;
};

}  // namespace set::gateway
