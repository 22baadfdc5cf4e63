#include "tests/flow/dual.h"

namespace set::flow {
namespace {

constexpr std::string_view kPIContentType = "PIDualSignedTBE";

bool is_preq(const Exchange& exchange) { return exchange.request.type == wire::MESSAGE_TYPE_P_REQ; }

}  // namespace

Dual open_dual(const wire::Signed& pi_tbs, const wire::Sealed& sealed, const std::string& oi_data,
               const Exchange& exchange) {
  const auto& gateway = *exchange.gateway;
  const auto& leaf = gateway.key_exchange.value().leaf;
  auto context = must(hpke_receiver(*gateway.kem, view_of(sealed.encapsulated()),
                                    hpke_info(kPIContentType, leaf.thumbprint())));
  const auto aad = view_of(pi_tbs.content());
  const auto body = must(context.open(aad, view_of(sealed.body())));
  auto account = must(context.open(aad, view_of(sealed.account())));
  auto link = must(parse_as<wire::PIOILink>(body.reveal()));
  auto head = must(parse_as<wire::PIHead>(view_of(link.pi_head())));
  return {must(parse_as<wire::PITBS>(aad)),
          must(parse_as<wire::OIData>(view_of(oi_data))),
          std::move(head),
          std::move(link),
          std::make_shared<const SecretBytes>(std::move(account)),
          leaf,
          exchange.cardholder};
}

void bind(Dual& dual, bool order_known) {
  const auto pi_head = serialize(dual.pi_head);
  const auto account = pan_data_digest_of(dual.account->reveal());
  dual.link.set_pi_head(string_of(pi_head));
  dual.link.set_pan_data_digest(account.str());
  dual.pi_tbs.set_hpi_data(hpi_data_of(pi_head, account).str());
  if (!order_known) return;
  const auto hoi_data = hoi_data_of(serialize(dual.oi_data)).str();
  dual.link.set_hoi_data(hoi_data);
  dual.pi_tbs.set_hoi_data(hoi_data);
}

SignedPI sign(const Dual& dual) {
  SignedPI out;
  const auto content = serialize(dual.pi_tbs);
  out.pi_tbs = must(sign_content(Treatment<PReq>::info, content, *dual.cardholder));
  const auto key = must(KemPublicKey::from_spki(dual.gateway.public_key()));
  const auto& thumbprint = dual.gateway.thumbprint();
  auto hpke = must(hpke_sender(key, hpke_info(kPIContentType, thumbprint), Rng::system()));
  out.sealed.set_recipient(thumbprint.str());
  out.sealed.set_encapsulated(string_of(hpke.encapsulated));
  out.sealed.set_body(string_of(hpke.context.seal(content, serialize(dual.link))));
  out.sealed.set_account(string_of(hpke.context.seal(content, dual.account->reveal())));
  return out;
}

Dual dual_of(const Exchange& exchange) {
  const auto inside = open_request(exchange);
  if (is_preq(exchange)) {
    const auto baggage = must(parse_as<wire::PReqBaggage>(view_of(inside.body.baggage())));
    return open_dual(inside.body.signed_statement(), baggage.pi(), baggage.oi_data(), exchange);
  }
  const auto pi = must(parse_as<wire::PI>(view_of(inside.body.baggage())));
  return open_dual(pi.pi_tbs(), pi.sealed(), "", exchange);
}

namespace {

Forged put_dual(const Exchange& exchange, const Dual& dual, const Chain* cardholder) {
  auto inside = open_request(exchange);
  auto made = sign(dual);
  if (is_preq(exchange)) {
    wire::PReqBaggage baggage;
    baggage.set_oi_data(string_of(serialize(dual.oi_data)));
    *baggage.mutable_pi() = std::move(made.sealed);
    *inside.body.mutable_signed_statement() = std::move(made.pi_tbs);
    inside.body.set_baggage(string_of(serialize(baggage)));
    if (cardholder != nullptr) put_chain(inside.body, *cardholder);
    return close_request(exchange, inside);
  }
  auto pi = must(parse_as<wire::PI>(view_of(inside.body.baggage())));
  *pi.mutable_pi_tbs() = std::move(made.pi_tbs);
  *pi.mutable_sealed() = std::move(made.sealed);
  if (cardholder != nullptr) {
    pi.mutable_bag()->clear_certificates();
    add_chain(*pi.mutable_bag(), *cardholder, {});
  }
  const auto baggage = serialize(pi);
  auto content = must(parse_as<wire::AuthReqData>(view_of(content_of(inside.body))));
  content.mutable_header()->set_baggage_digest(baggage_digest_of(baggage).str());
  content.mutable_check_digests()->set_hpi_data(dual.pi_tbs.hpi_data());
  content.mutable_check_digests()->set_hoi_data(dual.pi_tbs.hoi_data());
  inside.body.set_baggage(string_of(baggage));
  put_content(inside.body, exchange.request, serialize(content), *exchange.sender);
  return close_request(exchange, inside);
}

}  // namespace

Forged with_dual(const Exchange& exchange, const Dual& dual) {
  return put_dual(exchange, dual, nullptr);
}

Forged with_dual(const Exchange& exchange, const Dual& dual, const Chain& cardholder) {
  return put_dual(exchange, dual, &cardholder);
}

}  // namespace set::flow
