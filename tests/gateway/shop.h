// A merchant who sends the messages that follow an authorisation to a World's gateway, and reads
// their answers. One test, one Shop; requests can be made first and sent later, from many threads.
#pragma once

#include "common/message/authorization_reversal.h"
#include "common/message/capture.h"
#include "common/message/credit.h"
#include "tests/gateway/world.h"

namespace set::gateway::test {

/// A request of any of these messages, and what opens its answer.
struct MadeRequest {
  Bytes wire;
  PendingReply pending;
  RRPID rrpid;
};

/// An approval as the merchant keeps it.
struct HeldPayment {
  TransIDs trans_ids;
  RRPID auth_rrpid;
  Bytes cap_token;
  Bytes auth_token;
  AuthRes message;
};

class Shop {
 public:
  using Rpc = grpc::Status (Service::*)(const Service::Caller&, const wire::MessageWrapper&,
                                        wire::MessageWrapper&);
  explicit Shop(World& world) : world_(world) {}

  /// Not captured, unless the draft says otherwise.
  HeldPayment authorized(std::string_view amount);
  HeldPayment approved(const Draft& draft);

  template <class Req>
  MadeRequest make(const Req& message, Bytes baggage,
                   const std::optional<TransIDs>& trans_ids = std::nullopt) {
    const auto rrpid = world_.rng.make<RRPID>();
    auto request = value_of(seal_request(message,
                                         {.self = *world_.merchant.party,
                                          .recipient = &world_.gateway.party->key_exchange->leaf,
                                          .rrpid = rrpid,
                                          .trans_ids = trans_ids,
                                          .now = world_.now,
                                          .baggage = baggage},
                                         world_.rng));
    return {std::move(request.wire), std::move(request.pending), rrpid};
  }
  MadeRequest capture(const HeldPayment& of, std::string_view amount, bool final = false,
                      const std::string& batch_id = {});
  MadeRequest credit(const HeldPayment& of, std::string_view amount);
  MadeRequest reverse_capture(const HeldPayment& of, const RRPID& reversed,
                              std::string_view amount);
  MadeRequest reverse_credit(const HeldPayment& of, const RRPID& reversed, std::string_view amount);
  /// No amount: cancelled.
  MadeRequest reverse(const HeldPayment& of, const char* amount, bool with_token = true);
  MadeRequest batch(const BatchAdminReq& request);

  Result<Bytes> send(const MadeRequest& request, Rpc rpc, Service* to = nullptr);
  template <class Res>
  Result<Res> open(const MadeRequest& request, ByteView answer, Bytes* baggage = nullptr) {
    auto wrapper = TRY(parse_wrapper(answer));
    const auto header = TRY(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
    const auto envelope = TRY(read_envelope(std::move(wrapper), from_millis(header.date_ms())));
    auto opened = TRY(Opener::answer<Res>(envelope, request.pending, *world_.merchant.party,
                                          {.brand = std::string(kBrand)}, world_.now));
    if (baggage != nullptr) *baggage = opened.baggage;
    return *opened.message;
  }

  // Sent and opened; the first item's code.
  CapResPayload captured(const MadeRequest& request);
  CapCode capture_code(const MadeRequest& request) { return captured(request).cap_code; }
  CapRevOrCredResItem credited(const MadeRequest& request);
  CapRevOrCredResItem capture_reversed(const MadeRequest& request);
  CapRevOrCredResItem credit_reversed(const MadeRequest& request);
  /// Takes over the answer's tokens.
  AuthRevCode reversed(const MadeRequest& request, HeldPayment& of);
  BatchAdminRes administered(const BatchAdminReq& request);
  BatchAdminRes operated(BatchOperation operation, const std::string& batch_id);
  BatchAdminRes summary(const std::string& batch_id);

  /// Whether the bank's book and the gateway's say the same of every authorisation and batch.
  void check_books();

 private:
  World& world_;
};

BatchAdminReq about_batch(const std::string& batch_id);
BatchAdminReq operation_on(BatchOperation operation, const std::string& batch_id);
/// A question for so many items from there on.
BatchAdminReq page_of_batch(const std::string& batch_id, std::uint32_t from, std::uint32_t at_most);

/// A number out of the world's database.
std::int64_t count_of(World& world, std::string_view sql);

}  // namespace set::gateway::test
