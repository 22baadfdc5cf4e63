#include "common/crypto/hpke.h"

#include "common/crypto/suite.h"
#include "pki.h"

namespace set::test {
namespace {

struct Ends {
  Bytes encapsulated;
  HpkeContext sender;
  HpkeContext receiver;
};

Ends ends(std::string_view info = "info") {
  auto sent = must(hpke_sender(kem_key("hpke").public_key(), view_of(info), Rng::system()));
  auto received = must(hpke_receiver(kem_key("hpke"), sent.encapsulated, view_of(info)));
  return {std::move(sent.encapsulated), std::move(sent.context), std::move(received)};
}

void check_refused(HpkeContext& receiver, std::string_view aad, ByteView ciphertext) {
  CHECK(code_of(receiver.open(view_of(aad), ciphertext)) == ErrorCode::signature_failure);
}

}  // namespace

TEST_CASE("two messages go through one context in their order, and both ends export alike") {
  auto [encapsulated, sender, receiver] = ends();
  CHECK(encapsulated.size() == suite::kKemCiphertextBytes);
  const Bytes body = sender.seal(view_of("aad"), view_of("body"));
  const Bytes account = sender.seal(view_of("aad"), view_of("account"));

  check_refused(receiver, "aad", account);  // the second is not taken for the first,
  CHECK(string_of(must(receiver.open(view_of("aad"), body)).reveal()) == "body");
  check_refused(receiver, "aad", body);  // nor the first for the second,
  CHECK(string_of(must(receiver.open(view_of("aad"), account)).reveal()) == "account");

  const auto exported = sender.export_secret(suite::kReplyExport, 32);
  CHECK(same_secret(exported.reveal(), receiver.export_secret(suite::kReplyExport, 32).reveal()));
  CHECK_FALSE(
      same_secret(exported.reveal(), sender.export_secret(suite::kCardMessageExport, 32).reveal()));
}

TEST_CASE("a failed opening leaves the sequence where it was") {
  auto [encapsulated, sender, receiver] = ends();
  const Bytes body = sender.seal({}, view_of("body"));
  Bytes changed = body;
  changed[0] ^= 1;
  for (int i = 0; i < 3; ++i) check_refused(receiver, "", changed);
  CHECK(string_of(must(receiver.open({}, body)).reveal()) == "body");
}

TEST_CASE("every changed byte of a sealed message is refused") {
  auto [encapsulated, sender, receiver] = ends();
  const Bytes ciphertext = sender.seal(view_of("aad"), view_of("body"));
  for (std::size_t i = 0; i < ciphertext.size(); ++i) {
    Bytes changed = ciphertext;
    changed[i] ^= 0x10;
    check_refused(receiver, "aad", changed);
  }
  check_refused(receiver, "aae", ciphertext);
  check_refused(receiver, "", ciphertext);
  check_refused(receiver, "aad", ByteView(ciphertext).first(ciphertext.size() - 1));
  check_refused(receiver, "aad", {});

  // The encapsulated key: a byte of each part of the ML-KEM ciphertext, and of the X25519 key. The
  // last bit of the X25519 key is not part of the point (RFC 7748 §5) but is hashed.
  for (const std::size_t at : {std::size_t{0}, std::size_t{959}, std::size_t{960},
                               std::size_t{1087}, std::size_t{1088}, std::size_t{1119}}) {
    Bytes changed = encapsulated;
    changed[at] ^= 0x80;
    auto other = hpke_receiver(kem_key("hpke"), changed, view_of("info"));
    if (other) check_refused(*other, "aad", ciphertext);
  }
  auto other_info = must(hpke_receiver(kem_key("hpke"), encapsulated, view_of("Info")));
  check_refused(other_info, "aad", ciphertext);
  auto other_key = must(hpke_receiver(kem_key("another"), encapsulated, view_of("info")));
  check_refused(other_key, "aad", ciphertext);
  CHECK(code_of(hpke_receiver(kem_key("hpke"), {}, {})) == ErrorCode::signature_failure);
}

TEST_CASE("a reply opens under the request's secret and no other") {
  const Bytes secret(32, 9), encapsulated(1120, 8);
  const Bytes reply =
      seal_reply(secret, encapsulated, view_of("aad"), view_of("answer"), Rng::system());
  CHECK(reply.size() == suite::kReplyNonceBytes + 6 + suite::kAeadTagBytes);
  CHECK(string_of(must(open_reply(secret, encapsulated, view_of("aad"), reply)).reveal()) ==
        "answer");

  const auto no = [](ByteView key, ByteView enc, std::string_view aad, ByteView sealed) {
    CHECK(code_of(open_reply(key, enc, view_of(aad), sealed)) == ErrorCode::signature_failure);
  };
  no(Bytes(32, 7), encapsulated, "aad", reply);
  no(secret, Bytes(1120, 7), "aad", reply);
  no(secret, encapsulated, "AAD", reply);
  for (std::size_t i = 0; i < reply.size(); ++i) {
    Bytes changed = reply;
    changed[i] ^= 1;
    no(secret, encapsulated, "aad", changed);
  }
  for (std::size_t size = 0; size < reply.size(); ++size) {
    no(secret, encapsulated, "aad", ByteView(reply).first(size));
  }
  // Two replies to one request share neither key nor nonce.
  CHECK(seal_reply(secret, encapsulated, {}, view_of("answer"), Rng::system()) !=
        seal_reply(secret, encapsulated, {}, view_of("answer"), Rng::system()));
}

}  // namespace set::test
