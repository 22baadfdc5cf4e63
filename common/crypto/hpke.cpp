#include "common/crypto/hpke.h"

#include "common/crypto/digest.h"
#include "common/crypto/hpke_schedule.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

/// RFC 9458 §4.4 with our suite: the answer's key and nonce.
struct ReplyKeys {
  SecretBytes key;
  SecretBytes nonce;
};

ReplyKeys reply_keys(ByteView reply_secret, ByteView encapsulated, ByteView response_nonce) {
  const Bytes salt = concat({encapsulated, response_nonce});
  const SecretBytes prk = hkdf_sha384_extract(salt, reply_secret);
  return {hkdf_sha384_expand(prk.reveal(), view_of("key"), suite::kAeadKeyBytes),
          hkdf_sha384_expand(prk.reveal(), view_of("nonce"), suite::kAeadNonceBytes)};
}

}  // namespace

HpkeContext HpkeContext::key_schedule(ByteView shared_secret, ByteView info) {
  auto secrets = detail::hpke_key_schedule(detail::kOurHpkeSuite, shared_secret, info);
  HpkeContext context;
  context.key_ = std::move(secrets.key);
  context.base_nonce_ = std::move(secrets.base_nonce);
  context.exporter_secret_ = std::move(secrets.exporter_secret);
  return context;
}

Bytes HpkeContext::seal(ByteView aad, ByteView plaintext) {
  const Bytes nonce = detail::hpke_nonce(base_nonce_, sequence_);
  ++sequence_;
  return aead_seal(key_.reveal(), nonce, aad, plaintext);
}

Result<SecretBytes> HpkeContext::open(ByteView aad, ByteView ciphertext) {
  const Bytes nonce = detail::hpke_nonce(base_nonce_, sequence_);
  auto plaintext = TRY(aead_open(key_.reveal(), nonce, aad, ciphertext));
  ++sequence_;
  return plaintext;
}

SecretBytes HpkeContext::export_secret(std::string_view label, std::size_t size) const {
  return detail::hpke_export(detail::kOurHpkeSuite, exporter_secret_.reveal(), view_of(label),
                             size);
}

Result<HpkeSender> hpke_sender(const KemPublicKey& recipient, ByteView info, Rng& rng) {
  auto encapsulation = TRY(recipient.encapsulate(rng));
  return HpkeSender{std::move(encapsulation.ciphertext),
                    HpkeContext::key_schedule(encapsulation.secret.reveal(), info)};
}

Result<HpkeContext> hpke_receiver(const KemPrivateKey& key, ByteView encapsulated, ByteView info) {
  const auto secret = TRY(key.decapsulate(encapsulated));
  return HpkeContext::key_schedule(secret.reveal(), info);
}

Bytes seal_reply(ByteView reply_secret, ByteView encapsulated, ByteView aad, ByteView plaintext,
                 Rng& rng) {
  const Bytes response_nonce = rng.bytes(suite::kReplyNonceBytes);
  const ReplyKeys keys = reply_keys(reply_secret, encapsulated, response_nonce);
  const Bytes ciphertext = aead_seal(keys.key.reveal(), keys.nonce.reveal(), aad, plaintext);
  return concat({response_nonce, ciphertext});
}

Result<SecretBytes> open_reply(ByteView reply_secret, ByteView encapsulated, ByteView aad,
                               ByteView reply) {
  CHECK_OR_FAIL(reply.size() >= suite::kReplyNonceBytes + suite::kAeadTagBytes,
                ErrorCode::signature_failure, "a sealed reply is too short");
  const ReplyKeys keys =
      reply_keys(reply_secret, encapsulated, reply.first(suite::kReplyNonceBytes));
  return aead_open(keys.key.reveal(), keys.nonce.reveal(), aad,
                   reply.subspan(suite::kReplyNonceBytes));
}

}  // namespace set
