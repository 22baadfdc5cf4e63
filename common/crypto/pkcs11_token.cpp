#include "common/crypto/pkcs11_token.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "common/crypto/guarded.h"
#include "common/crypto/pkcs11_impl.h"
#include "common/crypto/operation_counts.h"
#include "common/crypto/signature_impl.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

using detail::pkcs11_ok;

constexpr std::string_view kWrappingLabel = "OpenSET key files";
constexpr std::string_view kSignatureLabel = "OpenSET signature";
// Names the use: nothing else that is encrypted under this key opens as a key file's key.
constexpr std::string_view kWrapAad = "OpenSET key file: key under a token";
constexpr std::size_t kKeyIdBytes = 16;
constexpr CK_ULONG kTagBits = 128;
constexpr std::size_t kMaxSignatureBytes = 8192;

/// Cryptoki takes pointers to what it will not change as if it might.
template <class T>
void* pointer(const T& value) {
  return const_cast<T*>(&value);
}
unsigned char* octets(ByteView bytes) { return const_cast<unsigned char*>(bytes.data()); }
unsigned char* octets(std::string_view text) { return octets(view_of(text)); }

template <class T>
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, const T& value) {
  return {type, pointer(value), sizeof(value)};
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, ByteView bytes) {
  return {type, octets(bytes), bytes.size()};
}
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, std::string_view text) {
  return attribute(type, view_of(text));
}

constexpr CK_BBOOL kYes = CK_TRUE, kNo = CK_FALSE;
constexpr CK_OBJECT_CLASS kSecretKey = CKO_SECRET_KEY, kPrivateKey = CKO_PRIVATE_KEY,
                          kPublicKey = CKO_PUBLIC_KEY;
constexpr CK_KEY_TYPE kAes = CKK_AES, kMlDsaType = pkcs11::kMlDsaKey;
constexpr CK_ULONG kAesKeyBytes = 32, kMlDsa65 = pkcs11::kMlDsa65, kMlDsa87 = pkcs11::kMlDsa87;

CK_GCM_PARAMS gcm(ByteView nonce) {
  return {octets(nonce),    nonce.size(),    nonce.size() * 8,
          octets(kWrapAad), kWrapAad.size(), kTagBits};
}

}  // namespace

/// One session, one call at a time.
struct Pkcs11Token::Impl {
  Impl(Pkcs11Module of, unsigned long in) : module(std::move(of)), slot(in) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    if (session != CK_INVALID_HANDLE) f().C_CloseSession(session);
  }
  const CK_FUNCTION_LIST& f() const { return *module.impl().functions; }

  Result<std::vector<CK_OBJECT_HANDLE>> find(std::vector<CK_ATTRIBUTE> like) const {
    TRY(pkcs11_ok("C_FindObjectsInit", f().C_FindObjectsInit(session, like.data(), like.size())));
    std::vector<CK_OBJECT_HANDLE> found(2);  // none, one, too many
    CK_ULONG count = 0;
    const CK_RV value = f().C_FindObjects(session, found.data(), found.size(), &count);
    f().C_FindObjectsFinal(session);
    TRY(pkcs11_ok("C_FindObjects", value));
    found.resize(count);
    return found;
  }

  Result<Bytes> value_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    CK_ATTRIBUTE asked{type, nullptr, 0};
    TRY(pkcs11_ok("C_GetAttributeValue", f().C_GetAttributeValue(session, object, &asked, 1)));
    Bytes value(asked.ulValueLen);
    asked.pValue = value.data();
    TRY(pkcs11_ok("C_GetAttributeValue", f().C_GetAttributeValue(session, object, &asked, 1)));
    value.resize(asked.ulValueLen);
    return value;
  }

  Result<bool> is_set(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    const auto value = TRY(value_of(object, type));
    return value.size() == 1 && value.front() != CK_FALSE;
  }

  Result<CK_ULONG> number_of(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    const auto value = TRY(value_of(object, type));
    CK_ULONG number = 0;
    if (value.size() == sizeof(number)) std::memcpy(&number, value.data(), sizeof(number));
    return number;
  }

  Result<std::vector<CK_OBJECT_HANDLE>> wrapping_keys() const {
    return find({attribute(CKA_CLASS, kSecretKey), attribute(CKA_KEY_TYPE, kAes),
                 attribute(CKA_LABEL, kWrappingLabel)});
  }

  /// A key that can leave the token is not what the operator was promised.
  Result<CK_OBJECT_HANDLE> checked(CK_OBJECT_HANDLE key) const {
    const bool extractable = TRY(is_set(key, CKA_EXTRACTABLE));
    const bool sensitive = TRY(is_set(key, CKA_SENSITIVE));
    CHECK_OR_FAIL(!extractable && sensitive, ErrorCode::bad_config,
                  "the token's key for key files could leave the token: make another with "
                  "`set-ca hsm init-key`");
    return key;
  }

  Pkcs11Module module;
  unsigned long slot;
  CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
  mutable std::mutex mutex;
};

namespace {

/// An ML-DSA key that signs in its token.
class TokenSigner final : public Signer {
 public:
  TokenSigner(std::shared_ptr<const Pkcs11Token::Impl> token, CK_OBJECT_HANDLE key, Bytes spki)
      : token_(std::move(token)), key_(key), spki_(std::move(spki)) {}

  Result<Bytes> sign(ByteView message) const override {
    const std::lock_guard lock(token_->mutex);
    // No parameters: an empty context, hedged where the token can.
    CK_MECHANISM mechanism{pkcs11::kMlDsa, nullptr, 0};
    TRY(pkcs11_ok("C_SignInit", token_->f().C_SignInit(token_->session, &mechanism, key_)));
    Bytes signature(kMaxSignatureBytes);
    CK_ULONG size = signature.size();
    TRY(pkcs11_ok("C_Sign", token_->f().C_Sign(token_->session, octets(message), message.size(),
                                               signature.data(), &size)));
    ++operation_counts.signatures;
    signature.resize(size);
    return signature;
  }
  const Bytes& public_key() const override { return spki_; }

 private:
  std::shared_ptr<const Pkcs11Token::Impl> token_;
  CK_OBJECT_HANDLE key_;
  Bytes spki_;
};

Result<Bytes> spki_of(CK_ULONG parameter_set, ByteView raw) {
  return guarded(ErrorCode::bad_config, "the token's public key is malformed", [&] {
    const auto parameters =
        parameter_set == kMlDsa87 ? suite::kRootSignature : suite::kEndEntitySignature;
    const Botan::ML_DSA_PublicKey key(raw, Botan::ML_DSA_Mode(parameters));
    return key.subject_public_key();
  });
}

}  // namespace

Result<Pkcs11Token> Pkcs11Token::open(const Pkcs11Module& module, const std::string& label,
                                      const Secret<std::string>& pin) {
  const auto slot = TRY(module.find(label));
  auto impl = std::make_shared<Impl>(module, slot.id);
  const auto& f = impl->f();
  TRY(pkcs11_ok("C_OpenSession", f.C_OpenSession(slot.id, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                                 nullptr, nullptr, &impl->session)));
  const CK_RV login = f.C_Login(impl->session, CKU_USER, octets(pin.reveal()), pin.reveal().size());
  // Another session of this process may be logged in: that counts for all of them.
  if (login != CKR_USER_ALREADY_LOGGED_IN) TRY(pkcs11_ok("C_Login", login));
  return Pkcs11Token(std::move(impl));
}

Pkcs11Token::Pkcs11Token(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pkcs11Token::Pkcs11Token(Pkcs11Token&&) noexcept = default;
Pkcs11Token& Pkcs11Token::operator=(Pkcs11Token&&) noexcept = default;
Pkcs11Token::~Pkcs11Token() = default;

bool Pkcs11Token::has_wrapping_key() const {
  const std::lock_guard lock(impl_->mutex);
  const auto keys = impl_->wrapping_keys();
  return keys && !keys->empty();
}

Result<void> Pkcs11Token::make_wrapping_key(Rng& rng) {
  CHECK_OR_FAIL(!has_wrapping_key(), ErrorCode::conflict,
                "the token has a key for key files already");
  const std::lock_guard lock(impl_->mutex);
  const Bytes id = rng.bytes(kKeyIdBytes);
  std::vector<CK_ATTRIBUTE> wanted{
      attribute(CKA_CLASS, kSecretKey),       attribute(CKA_KEY_TYPE, kAes),
      attribute(CKA_VALUE_LEN, kAesKeyBytes), attribute(CKA_TOKEN, kYes),
      attribute(CKA_PRIVATE, kYes),           attribute(CKA_SENSITIVE, kYes),
      attribute(CKA_EXTRACTABLE, kNo),        attribute(CKA_ENCRYPT, kYes),
      attribute(CKA_DECRYPT, kYes),           attribute(CKA_LABEL, kWrappingLabel),
      attribute(CKA_ID, ByteView(id))};
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  TRY(pkcs11_ok("C_GenerateKey", impl_->f().C_GenerateKey(impl_->session, &mechanism, wanted.data(),
                                                          wanted.size(), &key)));
  return {};
}

Result<WrappedKey> Pkcs11Token::wrap(ByteView key, Rng& rng) const {
  const std::lock_guard lock(impl_->mutex);
  const auto keys = TRY(impl_->wrapping_keys());
  CHECK_OR_FAIL(keys.size() == 1, ErrorCode::bad_config,
                keys.empty()
                    ? "the token has no key for key files yet: `set-ca hsm init-key` makes it"
                    : "the token has more than one key for key files");
  const auto handle = TRY(impl_->checked(keys.front()));
  auto id = TRY(impl_->value_of(handle, CKA_ID));
  WrappedKey wrapped{std::move(id), rng.bytes(suite::kAeadNonceBytes),
                     Bytes(key.size() + kTagBits / 8)};
  auto parameters = gcm(wrapped.nonce);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof(parameters)};
  const auto& f = impl_->f();
  TRY(pkcs11_ok("C_EncryptInit", f.C_EncryptInit(impl_->session, &mechanism, handle)));
  CK_ULONG size = wrapped.ciphertext.size();
  TRY(pkcs11_ok("C_Encrypt", f.C_Encrypt(impl_->session, octets(key), key.size(),
                                         wrapped.ciphertext.data(), &size)));
  wrapped.ciphertext.resize(size);
  return wrapped;
}

Result<SecretBytes> Pkcs11Token::unwrap(const WrappedKey& wrapped) const {
  const std::lock_guard lock(impl_->mutex);
  const auto keys = TRY(
      impl_->find({attribute(CKA_CLASS, kSecretKey), attribute(CKA_ID, ByteView(wrapped.key_id))}));
  CHECK_OR_FAIL(keys.size() == 1, ErrorCode::bad_config,
                "the token has not the key that the key file is under: is it the right token?");
  const auto handle = TRY(impl_->checked(keys.front()));
  auto parameters = gcm(wrapped.nonce);
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof(parameters)};
  const auto& f = impl_->f();
  TRY(pkcs11_ok("C_DecryptInit", f.C_DecryptInit(impl_->session, &mechanism, handle)));
  // SoftHSM wants room for the tag, too.
  Botan::secure_vector<std::uint8_t> key(wrapped.ciphertext.size());
  CK_ULONG size = key.size();
  TRY(pkcs11_ok("C_Decrypt", f.C_Decrypt(impl_->session, octets(ByteView(wrapped.ciphertext)),
                                         wrapped.ciphertext.size(), key.data(), &size)));
  key.resize(size);
  return SecretBytes(std::move(key));
}

bool Pkcs11Token::can_sign() const {
  return impl_->module.has(impl_->slot, pkcs11::kMlDsa) &&
         impl_->module.has(impl_->slot, pkcs11::kMlDsaKeyPairGen);
}

Result<Bytes> Pkcs11Token::make_signature_key(SignatureAlgorithm algorithm, Rng& rng) const {
  CHECK_OR_FAIL(can_sign(), ErrorCode::bad_config,
                "the token does not do ML-DSA (PKCS#11 3.2): signature keys stay in the key file");
  const std::lock_guard lock(impl_->mutex);
  Bytes id = rng.bytes(kKeyIdBytes);
  const CK_ULONG& parameters = algorithm == SignatureAlgorithm::ml_dsa_87 ? kMlDsa87 : kMlDsa65;
  std::vector<CK_ATTRIBUTE> of_public{attribute(CKA_CLASS, kPublicKey),
                                      attribute(CKA_KEY_TYPE, kMlDsaType),
                                      attribute(CKA_TOKEN, kYes),
                                      attribute(CKA_VERIFY, kYes),
                                      attribute(CKA_LABEL, kSignatureLabel),
                                      attribute(CKA_ID, ByteView(id)),
                                      attribute(pkcs11::kParameterSet, parameters)};
  std::vector<CK_ATTRIBUTE> of_private{
      attribute(CKA_CLASS, kPrivateKey), attribute(CKA_KEY_TYPE, kMlDsaType),
      attribute(CKA_TOKEN, kYes),        attribute(CKA_PRIVATE, kYes),
      attribute(CKA_SENSITIVE, kYes),    attribute(CKA_EXTRACTABLE, kNo),
      attribute(CKA_SIGN, kYes),         attribute(CKA_LABEL, kSignatureLabel),
      attribute(CKA_ID, ByteView(id))};
  CK_MECHANISM mechanism{pkcs11::kMlDsaKeyPairGen, nullptr, 0};
  CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE, private_key = CK_INVALID_HANDLE;
  TRY(pkcs11_ok("C_GenerateKeyPair",
                impl_->f().C_GenerateKeyPair(impl_->session, &mechanism, of_public.data(),
                                             of_public.size(), of_private.data(), of_private.size(),
                                             &public_key, &private_key)));
  return id;
}

Result<std::shared_ptr<const Signer>> Pkcs11Token::signer(ByteView key_id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto find = [&](const CK_OBJECT_CLASS& kind) -> Result<CK_OBJECT_HANDLE> {
    const auto keys = TRY(impl_->find({attribute(CKA_CLASS, kind), attribute(CKA_ID, key_id),
                                       attribute(CKA_KEY_TYPE, kMlDsaType)}));
    CHECK_OR_FAIL(keys.size() == 1, ErrorCode::bad_config,
                  "the token has not the signature key that the key file names: is it the right "
                  "token?");
    return keys.front();
  };
  const auto private_key = TRY(find(kPrivateKey));
  TRY(impl_->checked(private_key));
  const auto public_key = TRY(find(kPublicKey));
  const auto set = TRY(impl_->number_of(public_key, pkcs11::kParameterSet));
  CHECK_OR_FAIL(set == kMlDsa65 || set == kMlDsa87, ErrorCode::bad_config,
                "the token's key is neither ML-DSA-65 nor ML-DSA-87");
  auto spki = TRY(spki_of(set, TRY(impl_->value_of(public_key, CKA_VALUE))));
  return std::make_shared<const TokenSigner>(impl_, private_key, std::move(spki));
}

}  // namespace set
