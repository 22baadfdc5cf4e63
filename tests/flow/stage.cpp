#include "tests/flow/stage.h"

#include <google/protobuf/stubs/logging.h>

#include "common/crypto/digest.h"
#include "tests/flow/stage_impl.h"
#include "tests/support/pki.h"

namespace set::flow {
namespace {

// protobuf would say on standard error that a text is no UTF-8, beside our own line.
[[maybe_unused]] const auto kProtobufLog = google::protobuf::SetLogHandler(nullptr);

}  // namespace

std::string_view name_of(Pair pair) {
  static constexpr std::string_view kNames[] = {"CardCInit", "RegForm",    "Cert of a cardholder",
                                                "CertInq",   "Me-AqCInit", "Cert of a merchant",
                                                "PInit",     "P",          "Inq",
                                                "Auth",      "PCert",      "Cap",
                                                "CapRev",    "Cred",       "CredRev",
                                                "AuthRev",   "BatchAdmin"};
  return kNames[static_cast<std::size_t>(pair)];
}

PANData Cardholder::pan_data(Rng& rng, std::string_view cvv) const {
  return PANData{must(Pan::parse(test::kApprovePan)), must(CardExpiry::parse(test::kExpiry)),
                 pan_secret.clone(), rng.secret(kCardSecretBytes),
                 must(CardVerificationValue::parse(cvv))};
}

Stage::Impl::Impl(Setting with)
    : setting(std::move(with)), millis(to_millis(kStart + setting.late)), ca(clock, rng) {
  stranger = std::make_shared<const Party>(
      Party{home().ca.party->trust, nullptr, std::nullopt, nullptr, std::nullopt});
}

Stage::Stage(Setting setting) : impl_(std::make_unique<Impl>(std::move(setting))) {
  auto& s = *impl_;
  Registration registration(*this);
  const std::vector<std::string> hosts{"127.0.0.1"};
  const std::string bin(test::kBin);
  s.merchant_party = registration.enrol({Role::merchant, "", bin, s.setting.merchant_id, hosts});
  s.gateway_party = registration.enrol({Role::gateway, "", bin, s.setting.gateway_id, hosts});
  s.gateway = std::make_unique<GatewayDaemon>(s.gateway_party, s.clock, s.rng);
  s.merchant =
      std::make_unique<MerchantDaemon>(s.merchant_party, s.gateway->service, s.clock, s.rng);
  s.merchant->line.listen([&s](const wire::MessageWrapper& wrapper) { s.heard(wrapper); });
  must(s.merchant->gateway.refresh());
  s.cardholder = register_cardholder();
}

Stage::~Stage() = default;

Exchange Stage::begin(Pair pair) {
  switch (pair) {
    case Pair::card_c_init:
      return card_c_init();
    case Pair::reg_form:
      return reg_form();
    case Pair::card_cert:
      return card_cert();
    case Pair::card_cert_inq:
      return card_cert_inq();
    case Pair::me_aq_c_init:
      return me_aq_c_init();
    case Pair::party_cert:
      return party_cert();
    case Pair::pinit:
      return pinit();
    case Pair::preq:
      return preq(cardholder());
    case Pair::inq:
      return inq();
    case Pair::auth:
      return auth();
    case Pair::pcert:
      return pcert();
    case Pair::cap:
      return cap();
    case Pair::cap_rev:
      return cap_rev();
    case Pair::cred:
      return cred();
    case Pair::cred_rev:
      return cred_rev();
    case Pair::auth_rev:
      return auth_rev();
    case Pair::batch_admin:
      break;
  }
  return batch_admin();
}

grpc::Status Stage::Impl::send(MessageType door, const wire::MessageWrapper& in,
                               wire::MessageWrapper& out) {
  switch (static_cast<int>(door)) {
    case wire::MESSAGE_TYPE_CARD_C_INIT_REQ:
      return ca.service.CardCInit(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ:
      return ca.service.MeAqCInit(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_REG_FORM_REQ:
      return ca.service.RegForm(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_CERT_REQ:
      return ca.service.Cert(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_CERT_INQ_REQ:
      return ca.service.CertInq(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_PINIT_REQ:
      return merchant->service.PurchaseInit(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_P_REQ:
      return merchant->service.Purchase(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_INQ_REQ:
      return merchant->service.PurchaseInquiry(nullptr, &in, &out);
    case wire::MESSAGE_TYPE_AUTH_REQ:
      return gateway->service.authorize(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_AUTH_REV_REQ:
      return gateway->service.reverse_authorization(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_CAP_REQ:
      return gateway->service.capture(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_CAP_REV_REQ:
      return gateway->service.reverse_capture(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_CRED_REQ:
      return gateway->service.credit(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_CRED_REV_REQ:
      return gateway->service.reverse_credit(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_BATCH_ADMIN_REQ:
      return gateway->service.administer_batch(std::nullopt, in, out);
    case wire::MESSAGE_TYPE_PCERT_REQ:
      return gateway->service.gateway_certificates(std::nullopt, in, out);
    default:
      throw std::logic_error("there is no such door");
  }
}

void Stage::Impl::heard(const wire::MessageWrapper& wrapper) {
  const std::lock_guard lock(mutex);
  if (listener) listener(wrapper);
}

Delivered Stage::deliver(MessageType door, ByteView bytes) {
  pass(std::chrono::milliseconds(10));
  wire::MessageWrapper in, out;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return {{grpc::StatusCode::INTERNAL, "gRPC cannot parse it"}, {}};
  }
  impl_->heard(in);
  const auto status = impl_->send(door, in, out);
  if (!status.ok()) return {status, {}};
  impl_->heard(out);
  return {status, serialize(out)};
}

Word Stage::outcome(const Exchange& exchange, const Forged& forged) {
  const auto delivered = deliver(exchange.request.type, forged.wire);
  if (delivered.status.error_code() == grpc::StatusCode::INTERNAL) return "decodingFailure";
  if (!delivered.status.ok()) return "status " + delivered.status.error_message();
  if (const auto error = error_word(delivered.answer, forged.pending->key, *exchange.receiver)) {
    return *error;
  }
  const auto& reader = forged.sender ? *forged.sender : *exchange.sender;
  const auto read = exchange.read(delivered.answer, *forged.pending, reader);
  return read ? *read : "unreadable: " + read.error().detail;
}

Bytes Stage::answer(const Exchange& exchange) {
  auto delivered = deliver(exchange.request.type, exchange.sent->wire);
  if (!delivered.status.ok()) throw std::runtime_error(delivered.status.error_message());
  return std::move(delivered.answer);
}

Database& Stage::database(MessageType door) {
  switch (static_cast<int>(door)) {
    case wire::MESSAGE_TYPE_PINIT_REQ:
    case wire::MESSAGE_TYPE_P_REQ:
    case wire::MESSAGE_TYPE_INQ_REQ:
      return impl_->merchant->database;
    case wire::MESSAGE_TYPE_AUTH_REQ:
    case wire::MESSAGE_TYPE_AUTH_REV_REQ:
    case wire::MESSAGE_TYPE_CAP_REQ:
    case wire::MESSAGE_TYPE_CAP_REV_REQ:
    case wire::MESSAGE_TYPE_CRED_REQ:
    case wire::MESSAGE_TYPE_CRED_REV_REQ:
    case wire::MESSAGE_TYPE_BATCH_ADMIN_REQ:
    case wire::MESSAGE_TYPE_PCERT_REQ:
      return impl_->gateway->store.database();
    default:
      return impl_->ca.store.database();
  }
}

std::string Stage::dump(MessageType door) { return dump_of(database(door)); }

std::string Stage::digest_of_database(MessageType door) {
  return sha384(view_of(dump(door))).hex();
}

Instant Stage::now() const { return impl_->clock(); }
Clock Stage::clock() const { return impl_->clock; }
void Stage::pass(Duration time) { impl_->millis += time.count(); }

std::shared_ptr<const Party> Stage::merchant() const { return impl_->merchant_party; }
std::shared_ptr<const Party> Stage::gateway() const { return impl_->gateway_party; }
std::shared_ptr<const Party> Stage::ca() const { return home().ca.party; }
const Cardholder& Stage::cardholder() const { return *impl_->cardholder; }
const Setting& Stage::setting() const { return impl_->setting; }

void Stage::cut_line(bool down) { impl_->merchant->line.cut(down); }
void Stage::change_gateway_answers(std::function<void(wire::MessageWrapper&)> change) {
  impl_->merchant->line.change_answers(std::move(change));
}
void Stage::listen(std::function<void(const wire::MessageWrapper&)> listener) {
  const std::lock_guard lock(impl_->mutex);
  impl_->listener = std::move(listener);
}

Forged as_sent(const Exchange& exchange) {
  return {exchange.sent->wire,
          std::shared_ptr<const PendingReply>(exchange.sent, &exchange.sent->pending)};
}

}  // namespace set::flow
