#include "common/daemon/access.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <string>

#include <grpc/grpc_security_constants.h>
#include <grpc/slice.h>

#include "common/base/log.h"
#include "common/daemon/instruments.h"
#include "common/daemon/tls.h"

namespace set {
namespace {

// Registration is open to who has no certificate yet, and renewal to who has one.
constexpr unsigned kRegistrant = kNobody | kMerchant | kGateway;

constexpr std::array kTable = {
    MethodAccess{"/set.v1.MerchantService/FetchCertificates", kNobody},
    MethodAccess{"/set.v1.MerchantService/PurchaseInit", kNobody},
    MethodAccess{"/set.v1.MerchantService/Purchase", kNobody},
    MethodAccess{"/set.v1.MerchantService/PurchaseInquiry", kNobody},
    MethodAccess{"/set.v1.GatewayService/FetchCertificates", kMerchant},
    MethodAccess{"/set.v1.GatewayService/Authorize", kMerchant},
    MethodAccess{"/set.v1.GatewayService/ReverseAuthorization", kMerchant},
    MethodAccess{"/set.v1.GatewayService/Capture", kMerchant},
    MethodAccess{"/set.v1.GatewayService/ReverseCapture", kMerchant},
    MethodAccess{"/set.v1.GatewayService/Credit", kMerchant},
    MethodAccess{"/set.v1.GatewayService/ReverseCredit", kMerchant},
    MethodAccess{"/set.v1.GatewayService/AdministerBatch", kMerchant},
    MethodAccess{"/set.v1.GatewayService/GatewayCertificates", kMerchant},
    MethodAccess{"/set.v1.CertificateAuthorityService/CardCInit", kNobody},
    MethodAccess{"/set.v1.CertificateAuthorityService/MeAqCInit", kRegistrant},
    MethodAccess{"/set.v1.CertificateAuthorityService/RegForm", kNobody},
    MethodAccess{"/set.v1.CertificateAuthorityService/Cert", kRegistrant},
    MethodAccess{"/set.v1.CertificateAuthorityService/CertInq", kRegistrant},
    MethodAccess{"/set.v1.CertificateAuthorityService/BCIDistribution", kRegistrant},
};

CallerRole role_of(const std::optional<PartyName>& caller) {
  if (!caller) return kNobody;
  switch (caller->role) {
    case PartyRole::merchant:
      return kMerchant;
    case PartyRole::gateway:
      return kGateway;
    case PartyRole::ca:
      return kCa;
  }
  return kNobody;
}

const MethodAccess* find_row(std::string_view method) {
  const auto row = std::ranges::find(kTable, method, &MethodAccess::method);
  return row == kTable.end() ? nullptr : &*row;
}

std::mutex watcher_mutex;
RefusedCall refused_call_watcher;  // of watcher_mutex

void tell_watcher(std::string_view method, const std::optional<PartyName>& caller) {
  const std::lock_guard lock(watcher_mutex);
  if (refused_call_watcher) refused_call_watcher(method, caller);
}

void log_refused(std::string_view method, const std::optional<PartyName>& caller,
                 const Error& error) {
  // A method that is not ours is the caller's word, which stays out of the log.
  const auto* row = find_row(method);
  const LogWord called{"method", row != nullptr ? row->method : "unknown"};
  const LogWord role{"caller", caller ? to_string(caller->role) : "no certificate"};
  const LogWord name{"name", caller ? std::string_view(caller->name) : ""};
  log_warning("call refused", called, role, name, error);
  tell_watcher(called.value, caller);
}

std::string_view method_of(const grpc_metadata* metadata, std::size_t count) {
  const auto text_of = [](const grpc_slice& slice) {
    return std::string_view(reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
                            GRPC_SLICE_LENGTH(slice));
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (text_of(metadata[i].key) == ":path") return text_of(metadata[i].value);
  }
  return "";
}

Result<std::optional<PartyName>> caller_in(const grpc_auth_context* context) {
  auto found = grpc_auth_context_find_properties_by_name(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  const auto* property = grpc_auth_property_iterator_next(&found);
  if (property == nullptr) return std::nullopt;
  CHECK_OR_FAIL(grpc_auth_context_peer_is_authenticated(context) == 1, ErrorCode::permission_denied,
                "the caller's TLS certificate was not verified");
  return TRY(party_of_tls({property->value, property->value_length}));
}

Result<void> check_call(std::string_view method, const Result<std::optional<PartyName>>& caller) {
  if (!caller) return failure(caller.error());
  return check_access(method, *caller);
}

// Core's question, before it reads the request.
void process(void* /*state*/, grpc_auth_context* context, const grpc_metadata* metadata,
             std::size_t count, grpc_process_auth_metadata_done_cb done, void* call) {
  const auto method = method_of(metadata, count);
  const auto caller = caller_in(context);
  const auto allowed = check_call(method, caller);
  if (allowed) return done(call, nullptr, 0, nullptr, 0, GRPC_STATUS_OK, nullptr);
  metrics::calls_refused.count(LabelWord{"role"});
  log_refused(method, caller ? *caller : std::nullopt, allowed.error());
  const std::string word(to_string(ErrorCode::permission_denied));
  done(call, nullptr, 0, nullptr, 0, GRPC_STATUS_PERMISSION_DENIED, word.c_str());
}

}  // namespace

std::span<const MethodAccess> access_table() { return kTable; }

Result<void> check_access(std::string_view method, const std::optional<PartyName>& caller) {
  const auto* row = find_row(method);
  CHECK_OR_FAIL(row != nullptr, ErrorCode::permission_denied, "nobody may call this method");
  CHECK_OR_FAIL((row->callers & role_of(caller)) != 0, ErrorCode::permission_denied,
                "the caller's role may not call this method");
  return {};
}

void hold_to_access(grpc_server_credentials* credentials) {
  grpc_server_credentials_set_auth_metadata_processor(
      credentials, {.process = process, .destroy = nullptr, .state = nullptr});
}

void watch_refused_calls(RefusedCall watcher) {
  const std::lock_guard lock(watcher_mutex);
  refused_call_watcher = std::move(watcher);
}

std::optional<PartyName> caller_of(const grpc::ServerContext* context) {
  const auto transport = context == nullptr ? nullptr : context->auth_context();
  if (transport == nullptr) return std::nullopt;
  const auto caller = tls_party(*transport);
  return caller ? *caller : PartyName{PartyRole::ca, "", ""};
}

}  // namespace set
