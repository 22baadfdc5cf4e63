#include "common/crypto/pkcs11_module.h"

#include <dlfcn.h>

#include <algorithm>

#include "common/crypto/pkcs11_impl.h"

namespace set {
namespace {

using detail::pkcs11_ok;

/// PKCS#11 pads its texts with blanks to a fixed size.
template <std::size_t size>
std::string text_of(const unsigned char (&field)[size]) {
  std::string text;
  for (const unsigned char c : field)
    text.push_back(c >= ' ' && c <= '~' ? static_cast<char>(c) : ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string version_text(const CK_VERSION& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

Pkcs11Module::Slot read_slot(const CK_FUNCTION_LIST& f, CK_SLOT_ID id) {
  Pkcs11Module::Slot slot;
  slot.id = id;
  CK_SLOT_INFO info{};
  if (f.C_GetSlotInfo(id, &info) == CKR_OK) slot.description = text_of(info.slotDescription);
  CK_TOKEN_INFO token{};
  if (f.C_GetTokenInfo(id, &token) != CKR_OK) return slot;
  slot.has_token = true;
  slot.is_initialised = (token.flags & CKF_TOKEN_INITIALIZED) != 0;
  slot.has_pin = (token.flags & CKF_USER_PIN_INITIALIZED) != 0;
  slot.pin_is_locked = (token.flags & CKF_USER_PIN_LOCKED) != 0;
  slot.label = text_of(token.label);
  slot.model = text_of(token.model);
  slot.serial = text_of(token.serialNumber);
  return slot;
}

}  // namespace

Pkcs11Module::Impl::~Impl() {
  if (we_initialised) functions->C_Finalize(nullptr);
  if (library != nullptr) ::dlclose(library);
}

Result<Pkcs11Module> Pkcs11Module::load(const std::filesystem::path& path) {
  const auto about = "--pkcs11-module " + path.string() + ": ";
  std::error_code error;
  CHECK_OR_FAIL(std::filesystem::is_regular_file(path, error), ErrorCode::bad_config,
                about + "there is no such file");
  auto impl = std::make_shared<Impl>();
  impl->library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  CHECK_OR_FAIL(impl->library != nullptr, ErrorCode::bad_config,
                about + "this is no shared library that can be loaded here");
  void* symbol = ::dlsym(impl->library, "C_GetFunctionList");
  CHECK_OR_FAIL(symbol != nullptr, ErrorCode::bad_config, about + "this is no PKCS#11 module");
  const auto get_functions = reinterpret_cast<CK_C_GetFunctionList>(symbol);
  TRY(pkcs11_ok("C_GetFunctionList", get_functions(&impl->functions)));
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  const CK_RV initialised = impl->functions->C_Initialize(&arguments);
  impl->we_initialised = initialised == CKR_OK;
  if (initialised != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
    TRY(pkcs11_ok("C_Initialize", initialised));
  }
  return Pkcs11Module(std::move(impl));
}

Result<std::string> Pkcs11Module::description() const {
  CK_INFO info{};
  TRY(pkcs11_ok("C_GetInfo", impl_->functions->C_GetInfo(&info)));
  return text_of(info.libraryDescription) + " " + version_text(info.libraryVersion) + " of " +
         text_of(info.manufacturerID) + ", PKCS#11 " + version_text(info.cryptokiVersion);
}

Result<std::vector<Pkcs11Module::Slot>> Pkcs11Module::slots() const {
  const auto& f = *impl_->functions;
  CK_ULONG count = 0;
  TRY(pkcs11_ok("C_GetSlotList", f.C_GetSlotList(CK_FALSE, nullptr, &count)));
  std::vector<CK_SLOT_ID> ids(count);
  if (count > 0) TRY(pkcs11_ok("C_GetSlotList", f.C_GetSlotList(CK_FALSE, ids.data(), &count)));
  ids.resize(count);
  std::vector<Slot> slots;
  for (const CK_SLOT_ID id : ids) slots.push_back(read_slot(f, id));
  return slots;
}

Result<Pkcs11Module::Slot> Pkcs11Module::find(const std::string& label) const {
  std::string labels;
  std::optional<Slot> found;
  for (const auto& slot : TRY(slots())) {
    if (!slot.is_initialised) continue;
    labels += (labels.empty() ? "\"" : ", \"") + slot.label + "\"";
    if (slot.label != label) continue;
    CHECK_OR_FAIL(!found, ErrorCode::bad_config,
                  "two tokens have the label \"" + label + "\": give one another label");
    found = slot;
  }
  CHECK_OR_FAIL(
      found, ErrorCode::bad_config,
      "there is no token with the label \"" + label + "\"" +
          (labels.empty() ? ", nor any other that is initialised" : "; there is " + labels));
  CHECK_OR_FAIL(found->has_pin, ErrorCode::bad_config,
                "the token \"" + label + "\" has no user PIN yet: set one with its own tool");
  return *found;
}

bool Pkcs11Module::has(unsigned long slot, unsigned long mechanism) const {
  CK_MECHANISM_INFO info{};
  return impl_->functions->C_GetMechanismInfo(slot, mechanism, &info) == CKR_OK;
}

Result<std::vector<Pkcs11Module::Mechanism>> Pkcs11Module::mechanisms(unsigned long slot) const {
  return std::vector<Mechanism>{
      {"CKM_AES_KEY_GEN", "makes the key that wraps key files", has(slot, CKM_AES_KEY_GEN)},
      {"CKM_AES_GCM", "wraps and unwraps the keys of key files", has(slot, CKM_AES_GCM)},
      {"CKM_ML_DSA_KEY_PAIR_GEN", "makes a signature key in the token",
       has(slot, pkcs11::kMlDsaKeyPairGen)},
      {"CKM_ML_DSA", "signs in the token", has(slot, pkcs11::kMlDsa)}};
}

}  // namespace set
