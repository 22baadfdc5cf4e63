// House: the merchant's daemon but for its port, with a gateway in the same process that does as it
// is told. For tests of flows.
#pragma once

#include <atomic>
#include <mutex>

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "merchant/service.h"
#include "tests/merchant/shop.h"
#include "tests/support/databases.h"

namespace set::merchant::test {

enum class Mood { approve, decline, error, away, too_old, lies };

/// A gateway that opens every AuthReq as the real one would, and answers the same bytes the same.
class Gateway final : public wire::GatewayService::Service {
 public:
  explicit Gateway(merchant::test::Shop& shop) : shop_(shop) {}

  grpc::Status FetchCertificates(grpc::ServerContext*, const wire::FetchCertificatesRequest*,
                                 wire::FetchCertificatesResponse* out) override {
    if (mood == Mood::away) return {grpc::StatusCode::UNAVAILABLE, ""};
    for (const auto* chain : {&*party().signature, &*party().key_exchange}) {
      out->add_certificates(string_of(chain->leaf.der()));
      for (const auto& issuer : chain->issuers) out->add_certificates(string_of(issuer.der()));
    }
    return grpc::Status::OK;
  }

  grpc::Status GatewayCertificates(grpc::ServerContext*, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) override {
    const auto now = system_clock()();
    auto envelope = read_envelope(*in, now);
    const auto opened = Opener::request<PCertReq>(*envelope, party(), now);
    if (!opened) return {grpc::StatusCode::INTERNAL, ""};
    const auto& leaf = party().key_exchange->leaf;
    return send(seal_answer(PCertRes{{{PCertCode::success, leaf.thumbprint()}}},
                            {.trans_ids = std::nullopt, .baggage = {}, .enclosed = {leaf}},
                            opened->reply, party(), now, Rng::system()),
                out);
  }

  grpc::Status Authorize(grpc::ServerContext*, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override {
    ++asked;
    if (mood == Mood::away) return {grpc::StatusCode::UNAVAILABLE, ""};
    const std::lock_guard lock(mutex_);
    const auto bytes = serialize(*in);
    seen.push_back(bytes);
    const auto now = system_clock()();
    auto envelope = read_envelope(*in, now);
    auto opened = Opener::request<AuthReq>(*envelope, party(), now);
    if (!opened) return {grpc::StatusCode::INTERNAL, ""};
    const auto by_token = open_token_pi(opened->baggage);
    if (!by_token || (by_token->empty() && !open_pi(opened->baggage, party(), now)))
      return {grpc::StatusCode::INTERNAL, ""};
    if (mood == Mood::error || mood == Mood::too_old) {
      const auto code =
          mood == Mood::error ? ErrorCode::invalid_certificate : ErrorCode::message_too_old;
      if (mood == Mood::too_old) mood = Mood::approve;
      return send(seal_error(code, view_of(in->header()), envelope->rrpid, &opened->reply, party(),
                             now, Rng::system()),
                  out);
    }
    auto message = approval(*opened, party(), now);
    if (by_token->empty()) {
      first_ = message;
    } else if (first_) {
      message.hoi_data = first_->hoi_data;
      message.hpi_data = first_->hpi_data;
    }
    message.purch_amt = amount("49.95 EUR");  // of every order here, whatever part is asked
    const auto token = opened->message->subsequent_auth_ind ? auth_token : Bytes{};
    if (mood == Mood::decline) {
      message.auth_code = AuthCode::declined;
      message.auth_amt.reset();
      message.cap_res.reset();
      message.approval_code.clear();
    }
    message.avs_result = notes.avs_result;
    message.card_type = notes.card_type;
    if (message.auth_code == AuthCode::approved) message.curr_conv = notes.curr_conv;
    if (mood == Mood::lies) message.hoi_data.value[0] ^= 1;
    return send(seal_answer(message,
                            {.trans_ids = opened->message.head().trans_ids,
                             .baggage = serialize(to_wire(AuthResBaggage{Bytes{1}, {}, token})),
                             .enclosed = {}},
                            opened->reply, party(), now, Rng::system()),
                out);
  }

  grpc::Status ReverseAuthorization(grpc::ServerContext*, const wire::MessageWrapper* in,
                                    wire::MessageWrapper* out) override {
    return follow_up<AuthRevReq, AuthRevRes>(
        *in, out, [&](const Opened<AuthRevReq>& req) { return approved(*req.message); },
        serialize(to_wire(AuthRevResBaggage{Bytes{9}, reversal_token})));
  }
  grpc::Status Capture(grpc::ServerContext*, const wire::MessageWrapper* in,
                       wire::MessageWrapper* out) override {
    return follow_up<CapReq, CapRes>(
        *in, out, [&](const Opened<CapReq>& req) {
          for (const auto& item : req.message->items)
            batch_wishes.push_back(item.sale_detail ? item.sale_detail->batch_id : "");
          return captured(*req.message);
        });
  }
  grpc::Status ReverseCapture(grpc::ServerContext*, const wire::MessageWrapper* in,
                              wire::MessageWrapper* out) override {
    return follow_up<CapRevReq, CapRevRes>(
        *in, out, [&](const Opened<CapRevReq>& req) { return CapRevRes{moved(*req.message)}; });
  }
  grpc::Status Credit(grpc::ServerContext*, const wire::MessageWrapper* in,
                      wire::MessageWrapper* out) override {
    return follow_up<CredReq, CredRes>(
        *in, out, [&](const Opened<CredReq>& req) { return CredRes{moved(*req.message)}; });
  }
  grpc::Status ReverseCredit(grpc::ServerContext*, const wire::MessageWrapper* in,
                             wire::MessageWrapper* out) override {
    return follow_up<CredRevReq, CredRevRes>(
        *in, out, [&](const Opened<CredRevReq>& req) { return CredRevRes{moved(*req.message)}; });
  }
  grpc::Status AdministerBatch(grpc::ServerContext*, const wire::MessageWrapper* in,
                               wire::MessageWrapper* out) override {
    return follow_up<BatchAdminReq, BatchAdminRes>(
        *in, out, [&](const Opened<BatchAdminReq>& req) { return closed(*req.message); });
  }

  /// Success, each as it was asked.
  AuthRevRes approved(const AuthRevReq& req) const {
    AuthRevRes out;
    out.auth_rev_code =
        cap_code == CapCode::success ? AuthRevCode::approved : AuthRevCode::invalid_transaction;
    out.auth_rrpid = req.auth_rrpid;
    if (cap_code == CapCode::success) out.auth_new_amt = req.auth_new_amt;
    out.auth_rev_date = system_clock()();
    out.pe_thumb = party().key_exchange->leaf.thumbprint();
    return out;
  }
  CapRes captured(const CapReq& req) const {
    CapRes out;
    for (const auto& item : req.items) {
      std::optional<Amount> done;
      if (cap_code == CapCode::success) done = item.cap_req_amt;
      out.items.push_back({item.trans_ids, item.auth_rrpid, {cap_code, done, "20261122", 2}});
    }
    out.pe_thumb = party().key_exchange->leaf.thumbprint();
    return out;
  }
  CapRevOrCredRes moved(const CapRevOrCredReq& req) {
    CapRevOrCredRes out;
    for (const auto& item : req.items) {
      batch_wishes.push_back(item.new_batch_id);
      out.items.push_back({item.trans_ids, item.auth_rrpid, item.reversed,
                           CapRevOrCredCode::success, item.amt, "20261122", 3});
    }
    out.pe_thumb = party().key_exchange->leaf.thumbprint();
    return out;
  }
  BatchAdminRes closed(const BatchAdminReq& req) {
    BatchAdminRes out;
    out.batch_id = req.batch_id.empty() ? "20261122" : req.batch_id;
    out.ba_status = BAStatus::success;
    BatchStatus status{out.batch_id, from_millis(1'764'000'000'000), std::nullopt, {}};
    if (req.batch_status) status.totals = req.batch_status->totals;
    if (req.operation == BatchOperation::close)
      status.closed_when = ClosedWhen{ClosedBy::merchant, system_clock()()};
    out.batch_status = status;
    if (req.return_transaction_detail) {
      const auto page = std::min<std::size_t>(listed++, pages.size() - 1);
      out.trans_details = pages.at(page);
    }
    out.pe_thumb = party().key_exchange->leaf.thumbprint();
    return out;
  }

  std::atomic<Mood> mood = Mood::approve;
  std::atomic<CapCode> cap_code = CapCode::success;  ///< of captures; not success: no reversal too
  std::atomic<int> followed = 0;                     ///< requests beside AuthReq
  struct Notes {
    std::optional<AVSResult> avs_result;
    std::optional<CardType> card_type;
    std::optional<CurrConv> curr_conv;
  } notes;                                           ///< of every decision
  std::vector<TransDetails> pages{{}};               ///< of a batch's details, the last one again
  std::size_t listed = 0;                            ///< how many were asked for
  std::vector<std::string> batch_wishes;             ///< of CapReq's and CredReq's items
  Bytes auth_token;                                  ///< of approvals, if more are to follow
  Bytes reversal_token;                              ///< the AuthToken that an AuthRevRes brings
  std::atomic<int> asked = 0;
  std::vector<Bytes> seen;

 private:
  template <class Req, class Res, class Make>
  grpc::Status follow_up(const wire::MessageWrapper& in, wire::MessageWrapper* out, Make make,
                         Bytes baggage = {}) {
    ++followed;
    if (mood == Mood::away) return {grpc::StatusCode::UNAVAILABLE, ""};
    const std::lock_guard lock(mutex_);
    seen.push_back(serialize(in));
    const auto now = system_clock()();
    const auto envelope = read_envelope(in, now);
    const auto opened = Opener::request<Req>(*envelope, party(), now);
    if (!opened) return {grpc::StatusCode::INTERNAL, ""};
    if (mood == Mood::error) {
      return send(seal_error(ErrorCode::message_not_supported, view_of(in.header()),
                             envelope->rrpid, &opened->reply, party(), now, Rng::system()),
                  out);
    }
    const Answer beside{opened->message.head().trans_ids, std::move(baggage), {}};
    return send(seal_answer(Res{make(*opened)}, beside, opened->reply, party(), now, Rng::system()),
                out);
  }
  const Party& party() const { return *shop_.gateway.party; }
  static grpc::Status send(const Result<Bytes>& bytes, wire::MessageWrapper* out) {
    if (!bytes || !out->ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return {grpc::StatusCode::INTERNAL, ""};
    }
    return grpc::Status::OK;
  }

  merchant::test::Shop& shop_;
  std::mutex mutex_;
  std::optional<AuthRes> first_;
};

struct House {
  House() {
    shop.now = system_clock()();
    grpc::ServerBuilder builder;
    builder.RegisterService(&gateway);
    server = builder.BuildAndStart();
    client = std::make_unique<GatewayClient>(GatewayClient::Parts{shop.merchant.party, "gateway",
                                                                  server->InProcessChannel({}),
                                                                  system_clock(), Rng::system()});
    value_of(client->refresh());
    start();
  }
  ~House() { server->Shutdown(); }

  /// As after a crash: everything anew but the database.
  void start(Duration patience = kPatience) {
    resolver = std::make_unique<Resolver>(Resolver::Parts{shop.merchant.party, store, *client,
                                                          system_clock(), Rng::system(),
                                                          Duration(10), patience});
    service = std::make_unique<merchant::Service>(merchant::Service::Parts{
        shop.merchant.party, store, *client, *resolver, system_clock(), Rng::system()});
  }

  NewOrder order(Duration life = std::chrono::hours(1), OrderTerms terms = {}) {
    auto made = shop.make_order("49.95 EUR", life);
    made.order.terms = std::move(terms);
    value_of(store.insert(made.order));
    return made;
  }

  template <class Method>
  wire::MessageWrapper call(Method method, const Request& request, grpc::Status* status = nullptr) {
    const auto in = value_of(parse_wrapper(request.wire));
    wire::MessageWrapper out;
    const auto got = ((*service).*method)(nullptr, &in, &out);
    if (status != nullptr) {
      *status = got;
    } else {
      REQUIRE(got.ok());
    }
    return out;
  }
  template <class T>
  Result<OpenedAnswer<T>> open(const wire::MessageWrapper& answer, const PendingReply& pending,
                               const Party& self) {
    const auto now = system_clock()();
    const auto envelope = value_of(read_envelope(answer, now));
    return Opener::answer<T>(envelope, pending, self, {.brand = std::string(kBrand)}, now);
  }

  /// PInitReq → PInitRes → a PReq that fits it.
  struct Paying {
    Draft draft;
    set::Purchase preq;
  };
  Paying initiate(const NewOrder& made) {
    Challenge chall_c;
    const auto request =
        shop.make_pinit_req(made, [&](PInitReq& message) { chall_c = message.chall_c; });
    const auto answer = call(&merchant::Service::PurchaseInit, request);
    const auto opened =
        value_of(open<PInitRes>(answer, request.pending, Party{shop.pki.trust(), {}, {}, {}, {}}));
    CHECK(opened.message->chall_c == chall_c);
    CHECK(std::ranges::find(opened.bag, opened.message->pe_thumb, &Certificate::thumbprint) !=
          opened.bag.end());
    Draft draft{*opened.message.head().trans_ids,
                chall_c,
                opened.message->chall_m,
                opened.message->order_description,
                opened.message->purch_amt,
                opened.message->brand,
                opened.message->offer_ends,
                &shop.merchant.party->signature->leaf,
                &shop.gateway.party->key_exchange->leaf,
                opened.message->install_recur};
    auto preq = shop.make_preq(draft);
    return {std::move(draft), std::move(preq)};
  }
  PRes pay(const Paying& paying) {
    const auto answer = call(&merchant::Service::Purchase, paying.preq.request);
    const auto opened =
        value_of(open<PRes>(answer, paying.preq.request.pending, shop.cardholder.party));
    CHECK(opened.message.head().trans_ids == paying.draft.ids);
    return *opened.message;
  }
  Result<PRes> inquire(const TransIDs& ids, const Party& who) {
    const auto request = shop.make_inq_req(ids, shop.rng.make<Challenge>(), who);
    const auto opened =
        open<InqRes>(call(&merchant::Service::PurchaseInquiry, request), request.pending, who);
    if (!opened) return failure(opened.error());
    return opened->message->state;
  }
  OrderStatus status(const NewOrder& made) {
    return value_of(store.summarize(made.order.id, system_clock()())).status;
  }

  merchant::test::Shop shop;
  Database database = value_of(Database::open(set::test::database_url()));
  Store store = value_of(Store::open(database));
  Gateway gateway{shop};
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<GatewayClient> client;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<merchant::Service> service;
};

}  // namespace set::merchant::test
