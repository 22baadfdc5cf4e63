// The instruments of every daemon, in one place: docs/observability.md has the same list for its
// readers, and a test compares. What only one room has stands in that room.
#pragma once

#include "common/crypto/certificate.h"
#include "common/daemon/metrics.h"
#include "common/message/purchase.h"
#include "common/message/wire.h"

namespace set::metrics {

// --- calls: named as gRPC's own (gRFC A66) ---

inline const Stopwatch<LabelWord, LabelWord> calls_served(
    "grpc_server_call_duration_seconds", "Calls answered, by method and gRPC status",
    {"grpc_method", "grpc_status"}, call_buckets());
inline const Stopwatch<LabelWord, LabelWord> calls_made(
    "grpc_client_call_duration_seconds", "Calls made to other daemons, by method and gRPC status",
    {"grpc_method", "grpc_status"}, call_buckets());
/// reason: role (access.h), rate (peer_limiter.h), errors (the ration of Error messages).
inline const Counter<LabelWord> calls_refused(
    "set_calls_refused_total", "Calls refused before SET was looked at, by reason", {"reason"});
inline const Counter<> connections_accepted("set_connections_accepted_total",
                                            "Connections that were let in");
/// reason: limit (or another user's at a Unix socket), system (out of descriptors or memory).
inline const Counter<LabelWord> connections_refused(
    "set_connections_refused_total", "Connections that were not let in, by reason", {"reason"});

/// As server and as client. A server's own proof at its start that it refuses TLS 1.2 is one.
inline const Counter<> handshakes_failed("set_tls_handshakes_failed_total",
                                         "TLS handshakes that failed, as server or client");

// --- SET's messages ---

/// outcome: answered, repeated (a stored answer), refused (an Error, or a status); code: of a
/// refusal, else "none".
inline const Counter<v1::MessageType, LabelWord, LabelWord> messages(
    "set_messages_total", "Requests of SET handled, by message, outcome and error code",
    {"message", "outcome", "code"});
inline const Stopwatch<v1::MessageType> message_time(
    "set_message_duration_seconds", "How long a request of SET took, of all outcomes", {"message"},
    call_buckets());

// --- money and purchases: whoever decides or learns it counts it, once ---

/// What a purchase came to when its PRes was made or taken: approved, declined, rejected, waiting (the
/// gateway has not answered yet).
inline const Counter<LabelWord> purchases("set_purchases_total",
                                          "Purchases, by what their PRes says", {"outcome"});
inline const Counter<AuthCode> authorizations("set_authorizations_total",
                                              "Authorisations decided, by SET's AuthCode",
                                              {"code"});
/// In the currency's base unit: 49.95, not 4995. movement: authorized, captured, capture_reversed,
/// credited, credit_reversed, authorization_reversed (what the merchant released).
inline const Counter<LabelWord, Currency> money("set_money_total",
                                                "Money moved, by movement and currency, in the "
                                                "currency's base unit",
                                                {"movement", "currency"});
inline void count_money(LabelWord movement, const Amount& amount) {
  double units = static_cast<double>(amount.minor());
  for (unsigned i = 0; i < amount.currency().exponent(); ++i) units /= 10;
  money.add(units, movement, amount.currency());
}
/// What follows an authorisation. movement as above; outcome: done, refused.
inline const Counter<LabelWord, LabelWord> payment_items(
    "set_payment_items_total", "Captures, credits and reversals decided, by movement and outcome",
    {"movement", "outcome"});
inline void count_item(LabelWord movement, bool done, const std::optional<Amount>& amount) {
  payment_items.count(movement, LabelWord{done ? "done" : "refused"});
  if (done && amount) count_money(movement, *amount);
}

/// As gateway and CA see it. type: of the request, "0100"; response: the bank's code, or none,
/// garbled, other.
inline const Stopwatch<LabelWord, LabelWord> bank_requests(
    "set_bank_request_duration_seconds", "Questions to the bank, by type and response code",
    {"type", "response"}, call_buckets());
/// As the simulated bank sees it.
inline const Stopwatch<LabelWord, LabelWord> bank_answers(
    "set_bank_answer_duration_seconds", "Questions answered by the bank, by type and response code",
    {"type", "response"}, call_buckets());
inline const Counter<Role> certificates_issued("set_certificates_issued_total",
                                               "SET certificates issued, by role", {"role"});

// --- storage ---

/// outcome: committed, rolled_back, failed (transaction_observer.h).
inline const Stopwatch<LabelWord, LabelWord> transactions(
    "set_database_transaction_seconds", "Transactions with their wait, by label and outcome",
    {"transaction", "outcome"}, transaction_buckets());

// --- traces ---

/// reason: queue (there was no room), collector (did not take them), rejected (some of a batch).
inline const Counter<LabelWord> spans_dropped(
    "set_spans_dropped_total", "Spans that the collector of traces did not get, by reason",
    {"reason"});
inline const Counter<> spans_exported("set_spans_exported_total",
                                      "Spans that the collector of traces took");

}  // namespace set::metrics
