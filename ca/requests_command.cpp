#include "ca/requests_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ca/store.h"
#include "common/base/neutral.h"
#include "common/daemon/terminal.h"
#include "common/message/wire.h"

namespace set::ca {
namespace {

using RequestsJson = nlohmann::ordered_json;

constexpr std::size_t kMaxReasonBytes = 500;
constexpr std::size_t kMaxNameBytes = 64;

std::string pretty(const RequestsJson& json) { return json.dump(2, ' ', false, RequestsJson::error_handler_t::replace); }

/// What requesters write is shown on a terminal.
std::string plain(const std::string& text) { return neutralise(text); }

RequestsJson request_json(const StoredRequest& request) {
  RequestsJson answers = RequestsJson::object();
  for (const auto& answer : request.answers) answers[answer.field_name] = answer.field_value;
  RequestsJson out{{"id", request.id},
           {"role", to_string(role_of(request.request_type))},
           {"bin", request.bin},
           {"party", request.party_id},
           {"language", request.language},
           {"name", request.facts.name},
           {"city", request.facts.city},
           {"country", request.facts.country},
           {"hosts", request.hosts},
           {"answers", answers},
           {"asked_at", to_string(request.asked_at)},
           {"expires_at", to_string(request.expires_at)},
           {"decision", request.decision}};
  if (request.decided_at) out["decided_at"] = to_string(*request.decided_at);
  if (!request.reason.empty()) out["reason"] = request.reason;
  return out;
}

std::string line_of(const StoredRequest& request) {
  return fmt::format("{}  {:10}  {}  {:20}  {}  {}", request.id,
                     to_string(role_of(request.request_type)), request.bin,
                     plain(request.party_id.empty() ? "-" : request.party_id),
                     to_string(request.asked_at),
                     request.decision == "none" ? "waits" : request.decision);
}

Result<Store> open_store(const Config& config) {
  return Store::open(config.database, DatabaseUse::command);
}

AuditEntry decision_entry(const StoredRequest& request, std::string outcome, Instant now) {
  AuditEntry entry;
  entry.at = now;
  entry.event = "decided";
  entry.peer = "operator " + std::to_string(::getuid());
  entry.message = request.id;
  entry.role = to_string(role_of(request.request_type));
  entry.bin = request.bin;
  if (!request.party_id.empty()) entry.party = request.bin + "/" + request.party_id;
  entry.outcome = std::move(outcome);
  return entry;
}

void say_decided(const Config& config, const StoredRequest& request, const std::string& decision) {
  if (config.common.json) {
    fmt::print("{}\n", pretty(RequestsJson{{"id", request.id}, {"decision", decision}}));
  } else {
    fmt::print("{} {}\n", decision, request.id);
  }
}

/// The form's answers, and the operator's words over them.
Result<PartyFacts> facts_of(const StoredRequest& request, const Config::Requests& options) {
  auto facts = request.facts;
  if (role_of(request.request_type) == Role::cardholder) return facts;
  if (!options.name.empty()) facts.name = options.name;
  if (!options.city.empty()) facts.city = options.city;
  if (options.country != 0) facts.country = options.country;
  const auto is_name = [](const std::string& text) {
    return !text.empty() && text == plain(text) && text_from_wire(text, kMaxNameBytes, "name");
  };
  CHECK_OR_FAIL(is_name(facts.name) && is_name(facts.city) && facts.country >= 1 &&
                    facts.country <= 999,
                ErrorCode::invalid_argument,
                "the certificate needs --name and --city, 1 to 64 characters, and --country, an "
                "ISO 3166 number: the form does not say them");
  return facts;
}

}  // namespace

Result<void> list_requests(const Config& config) {
  auto store = TRY(open_store(config));
  const auto& limit = config.requests.limit;
  auto requests = TRY(store.requests(config.requests.all ? "" : "none", limit.to_fetch()));
  keep_within(limit, requests);
  if (config.common.json) {
    auto out = RequestsJson::array();
    for (const auto& request : requests) out.push_back(request_json(request));
    fmt::print("{}\n", pretty(out));
    return {};
  }
  for (const auto& request : requests) fmt::print("{}\n", line_of(request));
  if (requests.empty()) say("no request waits");
  return {};
}

Result<void> show_request(const Config& config) {
  auto store = TRY(open_store(config));
  const auto request = TRY(store.find_request(config.requests.id));
  std::size_t held = 0;
  if (!request.party_id.empty())
    held = TRY(store.find_certificates(request.bin + "/" + request.party_id)).size();
  if (config.common.json) {
    auto out = request_json(request);
    out["certificates_of_party"] = held;
    fmt::print("{}\n", pretty(out));
    return {};
  }
  fmt::print("{}\n", line_of(request));
  fmt::print("until     {}\nlanguage  {}\n", to_string(request.expires_at), request.language);
  if (!request.party_id.empty()) {
    fmt::print("name      {}, {}, {}\n", plain(request.facts.name), plain(request.facts.city),
               request.facts.country);
    fmt::print("party     {}/{}, which has {} certificates of this CA\n", request.bin,
               plain(request.party_id), held);
  }
  for (const auto& host : request.hosts) fmt::print("host      {}\n", plain(host));
  for (const auto& answer : request.answers)
    fmt::print("answer    {}: {}\n", plain(answer.field_name), plain(answer.field_value));
  if (!request.reason.empty()) fmt::print("reason    {}\n", plain(request.reason));
  return {};
}

Result<void> approve_request(const Config& config) {
  auto store = TRY(open_store(config));
  const auto request = TRY(store.find_request(config.requests.id));
  RequestDecision decision;
  decision.decision = Decision::approved;
  decision.facts = TRY(facts_of(request, config.requests));
  decision.replaces = config.requests.replace;
  const auto now = system_clock()();
  const auto outcome = decision.replaces ? "approved, replaces" : "approved";
  TRY(store.decide(request.id, decision, decision_entry(request, outcome, now), now));
  say_decided(config, request, "approved");
  return {};
}

Result<void> reject_request(const Config& config) {
  const auto& options = config.requests;
  CHECK_OR_FAIL(text_from_wire(options.reason, kMaxReasonBytes, "reason"),
                ErrorCode::invalid_argument,
                "--reason is a sentence of at most 500 octets without control characters");
  auto store = TRY(open_store(config));
  const auto request = TRY(store.find_request(options.id));
  RequestDecision decision;
  decision.decision = Decision::rejected;
  decision.status = options.as == "issuer"     ? CertStatusCode::rejected_by_issuer
                    : options.as == "acquirer" ? CertStatusCode::rejected_by_acquirer
                                               : CertStatusCode::rejected_by_ca;
  decision.reason = options.reason;
  const auto now = system_clock()();
  const auto outcome = std::string(to_string(decision.status));
  TRY(store.decide(request.id, decision, decision_entry(request, outcome, now), now));
  say_decided(config, request, "rejected");
  return {};
}

}  // namespace set::ca
