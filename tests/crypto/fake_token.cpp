// A PKCS#11 module that only tests load: one slot, one token "simulated" with PIN "1234" that does
// ML-DSA as PKCS#11 3.2 has it, since the SoftHSM of Debian does not, and AES-GCM for key files. Its
// keys live in memory, in this process, or in a file for several. What it is not asked for by our
// code is not there.
#include <p11-kit/pkcs11.h>

#include <botan/aead.h>
#include <botan/data_src.h>
#include <botan/ml_dsa.h>
#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/crypto/pkcs11_module.h"

namespace {

constexpr CK_SLOT_ID kSlot = 7;
constexpr CK_SESSION_HANDLE kSession = 1;

/// A wrapping key keeps its octets among the values, under a type that nobody asks for.
constexpr CK_ATTRIBUTE_TYPE kSecretOctets = CKA_VENDOR_DEFINED | 1;

struct Object {
  std::map<CK_ATTRIBUTE_TYPE, std::string> values;
  std::unique_ptr<Botan::Private_Key> key;
};

std::map<CK_OBJECT_HANDLE, Object> objects;
std::vector<CK_OBJECT_HANDLE> matches;
const Object* signing = nullptr;
bool logged_in = false;

/// The encryption or decryption that was begun.
struct Aes {
  std::string key, nonce, aad;
} aes;

// Objects live in memory, or, for stories of several processes, in the file that this names.
const char* token_file() { return std::getenv("SET_FAKE_TOKEN_FILE"); }

void put_text(std::ostream& to, std::string_view text) { to << text.size() << ' ' << text; }
std::string get_text(std::istream& from) {
  std::size_t size = 0;
  from >> size;
  from.get();
  std::string text(size, '\0');
  from.read(text.data(), static_cast<std::streamsize>(size));
  return text;
}

void save_objects() {
  if (token_file() == nullptr) return;
  std::ofstream to(token_file(), std::ios::binary | std::ios::trunc);
  for (const auto& [handle, object] : objects) {
    to << handle << ' ' << object.values.size() << ' ';
    for (const auto& [type, value] : object.values) {
      to << type << ' ';
      put_text(to, value);
    }
    const auto key = object.key ? Botan::PKCS8::BER_encode(*object.key) : Botan::secure_vector<std::uint8_t>();
    put_text(to, {reinterpret_cast<const char*>(key.data()), key.size()});
  }
}

void load_objects() {
  if (token_file() == nullptr) return;
  std::ifstream from(token_file(), std::ios::binary);
  for (CK_OBJECT_HANDLE handle = 0; from >> handle;) {
    Object object;
    std::size_t values = 0;
    from >> values;
    for (std::size_t i = 0; i < values; ++i) {
      CK_ATTRIBUTE_TYPE type = 0;
      from >> type;
      object.values[type] = get_text(from);
    }
    const auto key = get_text(from);
    if (!key.empty()) {
      Botan::DataSource_Memory source(reinterpret_cast<const std::uint8_t*>(key.data()), key.size());
      object.key = Botan::PKCS8::load_key(source);
    }
    objects[handle] = std::move(object);
  }
}

template <class T>
std::string octets(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

void pad(unsigned char* field, std::size_t size, const char* text) {
  std::memset(field, ' ', size);
  std::memcpy(field, text, std::strlen(text));
}

bool matches_all(const Object& object, const CK_ATTRIBUTE* like, CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; ++i) {
    const auto at = object.values.find(like[i].type);
    const std::string wanted(static_cast<const char*>(like[i].pValue), like[i].ulValueLen);
    if (at == object.values.end() || at->second != wanted) return false;
  }
  return true;
}

void take(Object& object, const CK_ATTRIBUTE* from, CK_ULONG count) {
  for (CK_ULONG i = 0; i < count; ++i) {
    object.values[from[i].type].assign(static_cast<const char*>(from[i].pValue),
                                       from[i].ulValueLen);
  }
}

CK_RV initialize(void*) {
  load_objects();
  return CKR_OK;
}
CK_RV finalize(void*) {
  objects.clear();
  logged_in = false;
  return CKR_OK;
}
CK_RV get_info(CK_INFO* info) {
  *info = {};
  info->cryptokiVersion = {3, 2};
  pad(info->manufacturerID, sizeof(info->manufacturerID), "OpenSET tests");
  pad(info->libraryDescription, sizeof(info->libraryDescription), "simulated");
  return CKR_OK;
}
CK_RV get_slot_list(unsigned char, CK_SLOT_ID* slots, CK_ULONG* count) {
  if (slots != nullptr) slots[0] = kSlot;
  *count = 1;
  return CKR_OK;
}
CK_RV get_slot_info(CK_SLOT_ID, CK_SLOT_INFO* info) {
  *info = {};
  pad(info->slotDescription, sizeof(info->slotDescription), "simulated slot");
  return CKR_OK;
}
CK_RV get_token_info(CK_SLOT_ID, CK_TOKEN_INFO* info) {
  *info = {};
  pad(info->label, sizeof(info->label), "simulated");
  info->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED;
  return CKR_OK;
}
CK_RV get_mechanism_info(CK_SLOT_ID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO*) {
  return type == set::pkcs11::kMlDsa || type == set::pkcs11::kMlDsaKeyPairGen ||
                 type == CKM_AES_GCM || type == CKM_AES_KEY_GEN
             ? CKR_OK
             : CKR_MECHANISM_INVALID;
}
CK_RV open_session(CK_SLOT_ID, CK_FLAGS, void*, CK_NOTIFY, CK_SESSION_HANDLE* session) {
  *session = kSession;
  return CKR_OK;
}
CK_RV close_session(CK_SESSION_HANDLE) { return CKR_OK; }
CK_RV log_in(CK_SESSION_HANDLE, CK_USER_TYPE, unsigned char* pin, CK_ULONG size) {
  if (std::string(reinterpret_cast<char*>(pin), size) != "1234") return CKR_PIN_INCORRECT;
  logged_in = true;
  return CKR_OK;
}
CK_RV find_objects_init(CK_SESSION_HANDLE, CK_ATTRIBUTE* like, CK_ULONG count) {
  matches.clear();
  for (const auto& [handle, object] : objects) {
    if (matches_all(object, like, count)) matches.push_back(handle);
  }
  return CKR_OK;
}
CK_RV find_objects(CK_SESSION_HANDLE, CK_OBJECT_HANDLE* handles, CK_ULONG max, CK_ULONG* count) {
  *count = std::min<CK_ULONG>(max, matches.size());
  std::copy_n(matches.begin(), *count, handles);
  return CKR_OK;
}
CK_RV find_objects_final(CK_SESSION_HANDLE) { return CKR_OK; }
CK_RV get_attribute_value(CK_SESSION_HANDLE, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE* asked,
                          CK_ULONG) {
  const auto& values = objects.at(handle).values;
  const auto at = values.find(asked->type);
  if (at == values.end()) return CKR_ATTRIBUTE_TYPE_INVALID;
  if (asked->pValue != nullptr) std::memcpy(asked->pValue, at->second.data(), at->second.size());
  asked->ulValueLen = at->second.size();
  return CKR_OK;
}
CK_RV generate_key_pair(CK_SESSION_HANDLE, CK_MECHANISM* mechanism, CK_ATTRIBUTE* of_public,
                        CK_ULONG public_count, CK_ATTRIBUTE* of_private, CK_ULONG private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  if (!logged_in) return CKR_USER_NOT_LOGGED_IN;
  if (mechanism->mechanism != set::pkcs11::kMlDsaKeyPairGen) return CKR_MECHANISM_INVALID;
  Object for_public, for_private;
  take(for_public, of_public, public_count);
  take(for_private, of_private, private_count);
  const auto& wanted = for_public.values[set::pkcs11::kParameterSet];
  const bool is_87 = wanted == octets(set::pkcs11::kMlDsa87);
  if (!is_87 && wanted != octets(set::pkcs11::kMlDsa65)) return CKR_TEMPLATE_INCONSISTENT;
  for_private.key = std::make_unique<Botan::ML_DSA_PrivateKey>(
      Botan::system_rng(), Botan::ML_DSA_Mode(is_87 ? "ML-DSA-8x7" : "ML-DSA-6x5"));
  const auto raw = for_private.key->public_key_bits();
  for_public.values[CKA_VALUE].assign(raw.begin(), raw.end());
  *public_key = objects.size() + 1;
  objects.emplace(*public_key, std::move(for_public));
  *private_key = objects.size() + 1;
  objects.emplace(*private_key, std::move(for_private));
  save_objects();
  return CKR_OK;
}
CK_RV generate_key(CK_SESSION_HANDLE, CK_MECHANISM* mechanism, CK_ATTRIBUTE* wanted, CK_ULONG count,
                   CK_OBJECT_HANDLE* key) {
  if (!logged_in) return CKR_USER_NOT_LOGGED_IN;
  if (mechanism->mechanism != CKM_AES_KEY_GEN) return CKR_MECHANISM_INVALID;
  Object object;
  take(object, wanted, count);
  std::string octets_of_key(32, '\0');
  Botan::system_rng().randomize(reinterpret_cast<std::uint8_t*>(octets_of_key.data()), octets_of_key.size());
  object.values[kSecretOctets] = octets_of_key;
  *key = objects.size() + 1;
  objects.emplace(*key, std::move(object));
  save_objects();
  return CKR_OK;
}
CK_RV crypt_init(CK_SESSION_HANDLE, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE handle) {
  if (mechanism->mechanism != CKM_AES_GCM) return CKR_MECHANISM_INVALID;
  const auto* gcm = static_cast<const CK_GCM_PARAMS*>(mechanism->pParameter);
  aes.key = objects.at(handle).values.at(kSecretOctets);
  aes.nonce.assign(reinterpret_cast<const char*>(gcm->pIv), gcm->ulIvLen);
  aes.aad.assign(reinterpret_cast<const char*>(gcm->pAAD), gcm->ulAADLen);
  return CKR_OK;
}
CK_RV crypt(Botan::Cipher_Dir direction, const unsigned char* data, CK_ULONG size, unsigned char* out,
            CK_ULONG* out_size) {
  const auto mode = Botan::AEAD_Mode::create_or_throw("AES-256/GCM", direction);
  const auto bytes = [](const std::string& text) { return reinterpret_cast<const std::uint8_t*>(text.data()); };
  mode->set_key(bytes(aes.key), aes.key.size());
  mode->set_associated_data(bytes(aes.aad), aes.aad.size());
  mode->start(bytes(aes.nonce), aes.nonce.size());
  Botan::secure_vector<std::uint8_t> buffer(data, data + size);
  try {
    mode->finish(buffer);
  } catch (const Botan::Invalid_Authentication_Tag&) {
    return CKR_ENCRYPTED_DATA_INVALID;
  }
  if (*out_size < buffer.size()) return CKR_BUFFER_TOO_SMALL;
  std::copy(buffer.begin(), buffer.end(), out);
  *out_size = buffer.size();
  return CKR_OK;
}
CK_RV encrypt(CK_SESSION_HANDLE, unsigned char* data, CK_ULONG size, unsigned char* out, CK_ULONG* out_size) {
  return crypt(Botan::Cipher_Dir::Encryption, data, size, out, out_size);
}
CK_RV decrypt(CK_SESSION_HANDLE, unsigned char* data, CK_ULONG size, unsigned char* out, CK_ULONG* out_size) {
  return crypt(Botan::Cipher_Dir::Decryption, data, size, out, out_size);
}
CK_RV sign_init(CK_SESSION_HANDLE, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE handle) {
  if (mechanism->mechanism != set::pkcs11::kMlDsa) return CKR_MECHANISM_INVALID;
  signing = &objects.at(handle);
  return signing->key ? CKR_OK : CKR_KEY_TYPE_INCONSISTENT;
}
CK_RV sign(CK_SESSION_HANDLE, unsigned char* data, CK_ULONG size, unsigned char* out,
           CK_ULONG* out_size) {
  Botan::PK_Signer signer(*signing->key, Botan::system_rng(), "Randomized");
  const auto signature = signer.sign_message(data, size, Botan::system_rng());
  if (*out_size < signature.size()) return CKR_BUFFER_TOO_SMALL;
  std::copy(signature.begin(), signature.end(), out);
  *out_size = signature.size();
  return CKR_OK;
}

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST f{};
    f.C_Initialize = initialize;
    f.C_Finalize = finalize;
    f.C_GetInfo = get_info;
    f.C_GetSlotList = get_slot_list;
    f.C_GetSlotInfo = get_slot_info;
    f.C_GetTokenInfo = get_token_info;
    f.C_GetMechanismInfo = get_mechanism_info;
    f.C_OpenSession = open_session;
    f.C_CloseSession = close_session;
    f.C_Login = log_in;
    f.C_FindObjectsInit = find_objects_init;
    f.C_FindObjects = find_objects;
    f.C_FindObjectsFinal = find_objects_final;
    f.C_GetAttributeValue = get_attribute_value;
    f.C_GenerateKeyPair = generate_key_pair;
    f.C_GenerateKey = generate_key;
    f.C_EncryptInit = crypt_init;
    f.C_Encrypt = encrypt;
    f.C_DecryptInit = crypt_init;
    f.C_Decrypt = decrypt;
    f.C_SignInit = sign_init;
    f.C_Sign = sign;
    return f;
  }();
  *list = &functions;
  return CKR_OK;
}
