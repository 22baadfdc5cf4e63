#include "gateway/payments.h"

namespace set::gateway {
namespace {

/// What the states differ in, as far as people see it.
struct Shown {
  std::string_view state;
  std::string_view auth_code;  ///< empty while it waits
  std::optional<Instant> at;
  const Approval* approval = nullptr;
  const Captured* captured = nullptr;
};

Shown shown(const AwaitingAcquirer& state) {
  return {.state = "awaiting_acquirer", .auth_code = "", .at = state.received_at};
}
Shown shown(const Approved& state) {
  return {.state = "approved",
          .auth_code = to_string(AuthCode::approved),
          .at = state.approval.auth_date,
          .approval = &state.approval};
}
Shown shown(const Captured& state) {
  return {.state = "captured",
          .auth_code = to_string(AuthCode::approved),
          .at = state.approval.auth_date,
          .approval = &state.approval,
          .captured = &state};
}
Shown shown(const Declined& state) {
  return {.state = "declined", .auth_code = to_string(state.code), .at = state.auth_date};
}
Shown shown(const Void& state) {
  return {.state = "void", .auth_code = to_string(AuthCode::no_reply), .at = state.auth_date};
}

Shown shown_of(const Authorization& authorization) {
  return std::visit([](const auto& state) { return shown(state); }, authorization);
}

}  // namespace

nlohmann::json payment_json(const Authorization& authorization) {
  const auto& terms = terms_of(authorization);
  const auto view = shown_of(authorization);
  nlohmann::json out{{"xid", terms.trans_ids.xid.hex()},
                     {"auth_rrpid", terms.auth_rrpid.hex()},
                     {"merchant_id", terms.merchant_id},
                     {"state", view.state},
                     {"requested", to_string(terms.auth_req_amt)},
                     {"capture_now", terms.capture_now},
                     {"at", to_string(*view.at)},
                     {"auth_code", nullptr},
                     {"authorized", nullptr},
                     {"captured", nullptr},
                     {"approval_code", nullptr},
                     {"batch_id", nullptr},
                     {"batch_sequence_num", nullptr}};
  if (!view.auth_code.empty()) out["auth_code"] = view.auth_code;
  if (view.approval != nullptr) {
    out["authorized"] = to_string(terms.auth_req_amt);
    out["approval_code"] = view.approval->approval_code;
  }
  if (view.captured != nullptr) {
    out["captured"] = to_string(view.captured->captured);
    out["batch_id"] = view.captured->batch_id;
    out["batch_sequence_num"] = view.captured->batch_sequence_num;
  }
  return out;
}

std::string payment_line(const Authorization& authorization) {
  const auto& terms = terms_of(authorization);
  const auto view = shown_of(authorization);
  std::string out = to_string(*view.at) + "  " + std::string(view.state) + "  ";
  if (!view.auth_code.empty() && view.state != view.auth_code) {
    out += std::string(view.auth_code) + "  ";
  }
  return out + to_string(terms.auth_req_amt) + "  " + terms.merchant_id + "  " +
         terms.trans_ids.xid.hex();
}

}  // namespace set::gateway
