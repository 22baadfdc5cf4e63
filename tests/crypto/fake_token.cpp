// A PKCS#11 module that only tests load: one slot, one token "simulated" with PIN "1234" that does
// ML-DSA-65 as PKCS#11 3.2 has it, since the SoftHSM of Debian does not. Its keys live in memory,
// in this process. What it is not asked for by our code is not there.
#include <p11-kit/pkcs11.h>

#include <botan/ml_dsa.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/crypto/pkcs11_module.h"

namespace {

constexpr CK_SLOT_ID kSlot = 7;
constexpr CK_SESSION_HANDLE kSession = 1;

struct Object {
  std::map<CK_ATTRIBUTE_TYPE, std::string> values;
  std::optional<Botan::ML_DSA_PrivateKey> key;
};

std::map<CK_OBJECT_HANDLE, Object> objects;
std::vector<CK_OBJECT_HANDLE> matches;
const Object* signing = nullptr;
bool logged_in = false;

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

CK_RV initialize(void*) { return CKR_OK; }
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
  return type == set::pkcs11::kMlDsa || type == set::pkcs11::kMlDsaKeyPairGen
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
  if (for_public.values[set::pkcs11::kParameterSet] != octets(set::pkcs11::kMlDsa65)) {
    return CKR_TEMPLATE_INCONSISTENT;
  }
  for_private.key.emplace(Botan::system_rng(), Botan::ML_DSA_Mode("ML-DSA-6x5"));
  const auto raw = for_private.key->public_key_bits();
  for_public.values[CKA_VALUE].assign(raw.begin(), raw.end());
  *public_key = objects.size() + 1;
  objects.emplace(*public_key, std::move(for_public));
  *private_key = objects.size() + 1;
  objects.emplace(*private_key, std::move(for_private));
  return CKR_OK;
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
    f.C_SignInit = sign_init;
    f.C_Sign = sign;
    return f;
  }();
  *list = &functions;
  return CKR_OK;
}
