#include "tests/flow/forge.h"

#include "common/crypto/suite.h"

namespace set::flow {
namespace {

std::shared_ptr<const SecretBytes> shared(SecretBytes secret) {
  return std::make_shared<const SecretBytes>(std::move(secret));
}

}  // namespace

Inside open_request(ByteView wire, const TreatmentInfo& info, const Party& receiver) {
  const auto wrapper = must(parse_wrapper(wire));
  Inside inside{must(parse_as<wire::MessageHeader>(view_of(wrapper.header()))), wrapper.clear(),
                nullptr};
  if (info.protection == Protection::clear) return inside;
  const auto& thumbprint = receiver.key_exchange.value().leaf.thumbprint();
  auto context = must(hpke_receiver(*receiver.kem, view_of(wrapper.sealed().encapsulated()),
                                    hpke_info(info.content_type, thumbprint)));
  const auto aad = view_of(wrapper.header());
  const auto body = must(context.open(aad, view_of(wrapper.sealed().body())));
  inside.body = must(parse_as<wire::Body>(body.reveal()));
  if (info.has_account) {
    inside.account = shared(must(context.open(aad, view_of(wrapper.sealed().account()))));
  }
  return inside;
}

Inside open_request(const Exchange& exchange) {
  return open_request(exchange.sent->wire, exchange.request, *exchange.receiver);
}

Forged close_request(const Exchange& exchange, const Inside& inside) {
  PendingReply pending{RRPID::parse(inside.header.rrpid()).value_or(RRPID{}),
                       request_digest_of(view_of(content_of(inside.body))), std::nullopt};
  wire::MessageWrapper wrapper;
  wrapper.set_header(string_of(serialize(inside.header)));
  if (exchange.request.protection == Protection::clear) {
    *wrapper.mutable_clear() = inside.body;
    return {serialize(wrapper), std::make_shared<const PendingReply>(std::move(pending))};
  }
  const auto& recipient = exchange.receiver->key_exchange.value().leaf;
  const auto key = must(KemPublicKey::from_spki(recipient.public_key()));
  auto hpke = must(hpke_sender(
      key, hpke_info(exchange.request.content_type, recipient.thumbprint()), Rng::system()));
  const auto aad = view_of(wrapper.header());
  auto& sealed = *wrapper.mutable_sealed();
  sealed.set_recipient(recipient.thumbprint().str());
  sealed.set_encapsulated(string_of(hpke.encapsulated));
  sealed.set_body(string_of(hpke.context.seal(aad, serialize(inside.body))));
  if (inside.account) {
    sealed.set_account(string_of(hpke.context.seal(aad, inside.account->reveal())));
  }
  pending.key = ReplyKey{hpke.encapsulated,
                         hpke.context.export_secret(suite::kReplyExport, suite::kAeadKeyBytes)};
  return {serialize(wrapper), std::make_shared<const PendingReply>(std::move(pending))};
}

Inside open_answer(const Exchange& exchange, ByteView answer) {
  const auto wrapper = must(parse_wrapper(answer));
  Inside inside{must(parse_as<wire::MessageHeader>(view_of(wrapper.header()))), wrapper.clear(),
                nullptr};
  if (!wrapper.has_reply()) return inside;
  const auto& key = exchange.sent->pending.key.value();
  const auto body =
      must(open_reply(key.secret.reveal(), key.encapsulated, view_of(wrapper.header()),
                      view_of(wrapper.reply().ciphertext())));
  inside.body = must(parse_as<wire::Body>(body.reveal()));
  return inside;
}

Forged close_answer(const Exchange& exchange, const Inside& inside) {
  wire::MessageWrapper wrapper;
  wrapper.set_header(string_of(serialize(inside.header)));
  if (const auto& key = exchange.sent->pending.key) {
    const auto sealed =
        seal_reply(key->secret.reveal(), key->encapsulated, view_of(wrapper.header()),
                   serialize(inside.body), Rng::system());
    wrapper.mutable_reply()->set_ciphertext(string_of(sealed));
  } else {
    *wrapper.mutable_clear() = inside.body;
  }
  return {serialize(wrapper), nullptr};
}

const std::string& content_of(const wire::Body& body) {
  return body.has_signed_statement() ? body.signed_statement().content()
                                     : body.unsigned_statement().content();
}

void put_content(wire::Body& body, const TreatmentInfo& info, Bytes content, const Party& signer) {
  if (info.signer == SignedBy::nobody) {
    body.mutable_unsigned_statement()->set_content(string_of(content));
  } else {
    *body.mutable_signed_statement() = must(sign_content(info, std::move(content), signer));
  }
}

void put_chain(wire::Body& body, const Chain& chain) {
  body.mutable_bag()->clear_certificates();
  add_chain(*body.mutable_bag(), chain, {});
}

}  // namespace set::flow
