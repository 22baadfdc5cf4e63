#include "gateway/payments.h"

#include "common/message/authorization_reversal.h"

namespace set::gateway {
namespace {

/// What the states differ in, as far as people see it.
struct Shown {
  std::string_view state;
  std::string_view auth_code;  ///< empty while it waits
  std::optional<Instant> at;
  const Approval* approval = nullptr;
  const Captured* captured = nullptr;
  const iso8583::CardNotes* notes = nullptr;
};

Shown shown(const AwaitingAcquirer& state) {
  return {.state = "awaiting_acquirer", .auth_code = "", .at = state.received_at};
}
Shown shown(const Approved& state) {
  return {.state = "approved",
          .auth_code = to_string(AuthCode::approved),
          .at = state.approval.auth_date,
          .approval = &state.approval,
          .notes = &state.approval.notes};
}
Shown shown(const Captured& state) {
  return {.state = "captured",
          .auth_code = to_string(AuthCode::approved),
          .at = state.approval.auth_date,
          .approval = &state.approval,
          .captured = &state,
          .notes = &state.approval.notes};
}
Shown shown(const Declined& state) {
  return {.state = "declined",
          .auth_code = to_string(state.code),
          .at = state.auth_date,
          .notes = &state.notes};
}
Shown shown(const Void& state) {
  return {.state = "void", .auth_code = to_string(AuthCode::no_reply), .at = state.auth_date};
}

std::string_view state_word(ItemState state) {
  if (state == ItemState::pending) return "pending";
  return state == ItemState::done ? "done" : "refused";
}

/// SET's word, in the code that the item's answer has.
std::string code_word(const PaymentItem& item) {
  const int number = item.code.value().number;
  switch (item.asked.kind) {
    case ItemKind::capture:
      return std::string(to_string(static_cast<CapCode>(number)));
    case ItemKind::lowering:
    case ItemKind::cancellation:
      return std::string(to_string(static_cast<AuthRevCode>(number)));
    case ItemKind::capture_reversal:
    case ItemKind::credit:
    case ItemKind::credit_reversal:
      break;
  }
  return std::string(to_string(static_cast<CapRevOrCredCode>(number)));
}

Shown shown_of(const Authorization& authorization) {
  return std::visit([](const auto& state) { return shown(state); }, authorization);
}

/// What has become of it: the decision's word, until something followed.
std::string_view word_now(const Payment& payment) {
  const auto decided = shown_of(payment.decided);
  if (decided.approval == nullptr) return decided.state;
  const auto* live = std::get_if<Live>(&payment.standing.state);
  if (live == nullptr) return "reversed";
  if (live->captured_minor == 0) return "approved";
  return live->credited_minor == live->captured_minor ? "refunded" : "captured";
}

nlohmann::json shown_minor(Currency currency, std::int64_t minor) {
  const auto amount = Amount::make(currency, minor);
  return amount ? nlohmann::json(to_string(*amount)) : nlohmann::json(nullptr);
}

}  // namespace

nlohmann::json payment_json(const Payment& payment) {
  const auto& terms = terms_of(payment.decided);
  const auto view = shown_of(payment.decided);
  const auto currency = terms.purch_amt.currency();
  nlohmann::json out{{"xid", terms.trans_ids.xid.hex()},
                     {"auth_rrpid", terms.auth_rrpid.hex()},
                     {"merchant_id", terms.merchant_id},
                     {"state", word_now(payment)},
                     {"decision", view.state},
                     {"requested", to_string(terms.auth_req_amt)},
                     {"capture_now", terms.capture_now},
                     {"at", to_string(*view.at)},
                     {"auth_code", nullptr},
                     {"authorized", nullptr},
                     {"captured", nullptr},
                     {"credited", nullptr},
                     {"approval_code", nullptr},
                     {"avs_result", nullptr},
                     {"card_type", nullptr},
                     {"conversion", nullptr},
                     {"batch_id", nullptr},
                     {"batch_sequence_num", nullptr}};
  if (!view.auth_code.empty()) out["auth_code"] = view.auth_code;
  if (view.approval != nullptr) out["approval_code"] = view.approval->approval_code;
  if (const auto* live = std::get_if<Live>(&payment.standing.state)) {
    out["authorized"] = shown_minor(currency, live->authorized_minor);
    out["captured"] = shown_minor(currency, live->captured_minor);
    out["credited"] = shown_minor(currency, live->credited_minor);
  }
  if (view.captured != nullptr) {
    out["batch_id"] = view.captured->batch_id;
    out["batch_sequence_num"] = view.captured->batch_sequence_num;
  }
  if (view.notes == nullptr) return out;
  const auto& [avs_result, card_type, curr_conv] = *view.notes;
  if (avs_result) out["avs_result"] = to_string(*avs_result);
  if (card_type) out["card_type"] = to_string(*card_type);
  if (curr_conv) out["conversion"] = to_string(*curr_conv, currency);
  return out;
}

nlohmann::json item_json(const PaymentItem& item) {
  nlohmann::json out{{"kind", name_of(item.asked.kind)},
                     {"state", state_word(item.state)},
                     {"auth_rrpid", item.asked.auth_rrpid.hex()},
                     {"amount", nullptr},
                     {"code", nullptr},
                     {"batch_id", nullptr},
                     {"batch_sequence_num", nullptr},
                     {"at", nullptr}};
  if (item.asked.amount) out["amount"] = to_string(*item.asked.amount);
  if (item.code) {
    out["code"] = code_word(item);
    out["at"] = to_string(item.decided_at);
  }
  if (item.batch_sequence_num != 0) {
    out["batch_id"] = item.batch_id;
    out["batch_sequence_num"] = item.batch_sequence_num;
  }
  return out;
}

nlohmann::json purchase_json(const std::vector<Payment>& payments,
                             const std::vector<PaymentItem>& items) {
  const auto& terms = terms_of(payments.front().decided);
  nlohmann::json out{{"xid", terms.trans_ids.xid.hex()},
                     {"merchant_id", terms.merchant_id},
                     {"authorizations", nlohmann::json::array()},
                     {"items", nlohmann::json::array()}};
  std::int64_t captured = 0;
  std::int64_t credited = 0;
  for (const auto& item : items) {
    out["items"].push_back(item_json(item));
    if (item.state != ItemState::done || !moves_money(item.asked.kind)) continue;
    const auto minor = item.asked.amount->minor();
    if (item.asked.kind == ItemKind::capture) captured += minor;
    if (item.asked.kind == ItemKind::capture_reversal) captured -= minor;
    if (item.asked.kind == ItemKind::credit) credited += minor;
    if (item.asked.kind == ItemKind::credit_reversal) credited -= minor;
  }
  for (const auto& payment : payments) out["authorizations"].push_back(payment_json(payment));
  out["captured"] = shown_minor(terms.purch_amt.currency(), captured);
  out["credited"] = shown_minor(terms.purch_amt.currency(), credited);
  return out;
}

std::string item_line(const PaymentItem& item) {
  std::string out = "  " + (item.code ? to_string(item.decided_at) : "pending") + "  " +
                    std::string(name_of(item.asked.kind));
  if (item.asked.amount) out += "  " + to_string(*item.asked.amount);
  if (item.code) out += "  " + code_word(item);
  if (item.batch_sequence_num != 0) {
    out += "  " + item.batch_id + " #" + std::to_string(item.batch_sequence_num);
  }
  return out;
}

std::string payment_line(const Payment& payment) {
  const auto& terms = terms_of(payment.decided);
  const auto view = shown_of(payment.decided);
  const auto state = word_now(payment);
  std::string out = to_string(*view.at) + "  " + std::string(state) + "  ";
  if (!view.auth_code.empty() && view.auth_code != view.state) {
    out += std::string(view.auth_code) + "  ";
  }
  return out + to_string(terms.auth_req_amt) + "  " + terms.merchant_id + "  " +
         terms.trans_ids.xid.hex();
}

}  // namespace set::gateway
