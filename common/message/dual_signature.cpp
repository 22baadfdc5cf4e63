#include "common/message/dual_signature.h"

#include "common/base/assert.h"
#include "common/crypto/suite.h"
#include "common/message/fields.h"

namespace set {
namespace {

constexpr std::string_view kPIContentType = "PIDualSignedTBE";

tl::unexpected<Error> pi_failure() {
  return failure(ErrorCode::signature_failure, "the PI does not decrypt or does not fit its signature");
}

struct SealedPI {
  wire::Sealed sealed;
  SecretBytes card_message_key;
};

/// SET operator EX(P, PI-OILink, PANData); the aad binds it to the signed PI-TBS.
Result<SealedPI> seal_pi(const PIOILink& link, const SecretBytes& account, ByteView pi_tbs,
                         const Certificate& gateway, Rng& rng) {
  const auto key = TRY(KemPublicKey::from_spki(gateway.public_key()));
  auto hpke = TRY(hpke_sender(key, hpke_info(kPIContentType, gateway.thumbprint()), rng));
  SealedPI out;
  out.sealed.set_recipient(gateway.thumbprint().str());
  out.sealed.set_encapsulated(string_of(hpke.encapsulated));
  out.sealed.set_body(string_of(hpke.context.seal(pi_tbs, serialize(to_wire(link)))));
  out.sealed.set_account(string_of(hpke.context.seal(pi_tbs, account.reveal())));
  out.card_message_key = hpke.context.export_secret(suite::kCardMessageExport, suite::kAeadKeyBytes);
  return out;
}

OIData make_oi_data(const PurchaseOrder& order, const Digest& hod, const ODSalt& od_salt, const Pan& pan) {
  return {order.trans_ids, order.rrpid, order.chall_c, hod, od_salt, order.chall_m, order.brand, pan.bin()};
}

}  // namespace

Result<Purchase> make_purchase(const PurchaseOrder& order, const PANData& account, const Party& cardholder,
                               Instant now, Rng& rng) {
  const auto& merchant = order.merchant_signature;
  CHECK_OR_FAIL(merchant.merchant_data(), ErrorCode::invalid_certificate,
                "the merchant's certificate names no merchant");
  const auto od_salt = rng.make<ODSalt>();
  const auto hod = hod_of({order.order_description, order.purch_amt, od_salt, order.install_recur});

  const PIHead head{order.trans_ids, hod, order.purch_amt, merchant.merchant_data()->merchant_id,
                    trans_stain(order.trans_ids.xid, order.card_secret), order.install_recur};
  const auto pi_head = serialize(to_wire(head));
  const auto account_block = to_block(account);
  const auto pan_data_digest = pan_data_digest_of(account_block.reveal());
  const auto oi_data = serialize(to_wire(make_oi_data(order, hod, od_salt, account.pan)));
  const auto hoi_data = hoi_data_of(oi_data);
  const auto hpi_data = hpi_data_of(pi_head, pan_data_digest);

  // SO(C, PI-TBS): the dual signature.
  const auto& info = Treatment<PReq>::info;
  const RequestContext context{.self = cardholder, .recipient = &order.merchant_key_exchange, .rrpid = order.rrpid,
                               .trans_ids = order.trans_ids, .now = now};
  auto pi_tbs = to_wire(PReq{hpi_data, hoi_data, order.gateway_key_exchange.thumbprint(), merchant.thumbprint(),
                             order.brand, order.purch_amt, order.valid_until, order.install_recur});
  *pi_tbs.mutable_header() = request_header(info, context, false);
  const auto content = serialize(pi_tbs);
  wire::Body body;
  *body.mutable_signed_statement() = TRY(sign_content(info, content, cardholder));
  add_chain(*body.mutable_bag(), cardholder.signature.value(), {});
  auto evidence = serialize(body.signed_statement());

  auto pi = TRY(seal_pi({pi_head, hoi_data, pan_data_digest}, account_block, content, order.gateway_key_exchange, rng));
  wire::PReqBaggage baggage;
  baggage.set_oi_data(string_of(oi_data));
  *baggage.mutable_pi() = std::move(pi.sealed);
  body.set_baggage(string_of(serialize(baggage)));
  auto request = TRY(wrap_request(info, std::move(body), content, context, rng));
  return Purchase{std::move(request), hoi_data, hpi_data, std::move(pi.card_message_key), std::move(evidence), oi_data};
}

Result<OpenedOrder> open_order(const Verified<PReq>& preq, ByteView baggage_bytes) {
  auto baggage = TRY(parse_as<wire::PReqBaggage>(baggage_bytes));
  const auto oi_data = view_of(baggage.oi_data());
  CHECK_OR_FAIL(hoi_data_of(oi_data) == preq->hoi_data, ErrorCode::signature_failure,
                "the order half is not the one that was signed");
  auto oi = TRY(from_wire(TRY(parse_as<wire::OIData>(oi_data))));
  CHECK_OR_FAIL(preq.head().trans_ids && oi.trans_ids == *preq.head().trans_ids && oi.rrpid == preq.head().rrpid,
                ErrorCode::wrapper_msg_mismatch, "the order half carries other ids than the signature");
  CHECK_OR_FAIL(equal(view_of(baggage.pi().recipient()), preq->gateway.view()), ErrorCode::wrapper_msg_mismatch,
                "the PI is sealed to another gateway than the one that was signed");
  return OpenedOrder{std::move(oi), bytes_of(oi_data), std::move(*baggage.mutable_pi())};
}

Bytes make_pi(ByteView evidence, const wire::Sealed& sealed, std::span<const Certificate> chain) {
  wire::PI pi;
  const bool parsed = pi.mutable_pi_tbs()->ParseFromArray(evidence.data(), static_cast<int>(evidence.size()));
  SET_ASSERT(parsed);  // evidence() was serialised by us
  *pi.mutable_sealed() = sealed;
  for (const auto& certificate : chain) pi.mutable_bag()->add_certificates(string_of(certificate.der()));
  return serialize(pi);
}

Bytes make_token_pi(ByteView auth_token) {
  wire::PI pi;
  pi.set_auth_token(string_of(auth_token));
  return serialize(pi);
}

Result<Bytes> open_token_pi(ByteView bytes) {
  const auto pi = TRY(parse_as<wire::PI>(bytes));
  const bool signed_pi = pi.has_pi_tbs() || pi.has_sealed() || pi.has_bag();
  CHECK_OR_FAIL(signed_pi == pi.auth_token().empty(), ErrorCode::decoding_failure,
                "a PI is either signed or an AuthToken");
  CHECK_OR_FAIL(pi.auth_token().size() <= kMaxOpaqueBytes, ErrorCode::decoding_failure,
                "an AuthToken is too long");
  return bytes_of(view_of(pi.auth_token()));
}

Result<OpenedPI> open_pi(ByteView bytes, const Party& gateway, Instant now) {
  const auto pi = TRY(parse_as<wire::PI>(bytes));
  CHECK_OR_FAIL(pi.auth_token().empty(), ErrorCode::decoding_failure, "the PI is an AuthToken");
  auto pi_tbs = TRY(Opener::statement<PReq>(pi.pi_tbs(), pi.bag(), *gateway.trust, now));
  const auto own = key_exchange_named(gateway, view_of(pi.sealed().recipient()), now);
  CHECK_OR_FAIL(own, ErrorCode::invalid_certificate, "the PI is sealed to a key that is not ours");
  auto context = hpke_receiver(own->kem, view_of(pi.sealed().encapsulated()),
                               hpke_info(kPIContentType, own->certificate.thumbprint()));
  if (!context) return pi_failure();
  const auto aad = view_of(pi.pi_tbs().content());
  const auto body = context->open(aad, view_of(pi.sealed().body()));
  if (!body) return pi_failure();
  const auto account_block = context->open(aad, view_of(pi.sealed().account()));
  if (!account_block) return pi_failure();
  const auto link = TRY(from_wire(TRY(parse_as<wire::PIOILink>(body->reveal()))));
  // EX's link, then the two halves under one signature: PI-TBS = {HPIData, HOIData, …}.
  const bool bound = pan_data_digest_of(account_block->reveal()) == link.pan_data_digest &&
                     hpi_data_of(link.pi_head, link.pan_data_digest) == pi_tbs->hpi_data &&
                     link.hoi_data == pi_tbs->hoi_data;
  if (!bound) return pi_failure();
  auto head = TRY(from_wire(TRY(parse_as<wire::PIHead>(link.pi_head))));
  auto account = TRY(pan_data_from_block(account_block->reveal()));
  return OpenedPI{std::move(pi_tbs), std::move(head), link.pi_head, link.pan_data_digest, link.hoi_data,
                  std::move(account),
                  context->export_secret(suite::kCardMessageExport, suite::kAeadKeyBytes)};
}

}  // namespace set
