#include "gateway/queue_command.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "gateway/iso8583_store.h"
#include "gateway/store.h"

namespace set::gateway {
namespace {

nlohmann::ordered_json question_json(const StoredQuestion& stored) {
  const auto& question = stored.question;
  return {{"serial", question.serial},
          {"kind", name_of(question.kind)},
          {"state", stored.parked_at ? "parked" : "queued"},
          {"merchant_id", question.merchant_id},
          {"amount", to_string(question.amount)},
          {"batch_id", question.batch_id.empty() ? nlohmann::ordered_json(nullptr)
                                                 : nlohmann::ordered_json(question.batch_id)},
          {"rrn", fmt::format("{:012}", question.rrn)},
          {"asked_at", to_string(question.asked_at)},
          {"attempts", stored.attempts},
          {"parked_at", stored.parked_at ? nlohmann::ordered_json(to_string(*stored.parked_at))
                                         : nlohmann::ordered_json(nullptr)}};
}

void print_question(const StoredQuestion& stored) {
  const auto& question = stored.question;
  fmt::print("{:>8}  {:<7} {:<17} {:>18}  {:<16} {}  {} attempts\n", question.serial,
             stored.parked_at ? "parked" : "queued", name_of(question.kind),
             to_string(question.amount), question.merchant_id, to_string(question.asked_at),
             stored.attempts);
}

Result<void> list_queue(const Config& config, Database& database) {
  auto queued = TRY(database.in_transaction("gateway:find", [&](Transaction& t) {
    return questions::list_queued(t, config.limit.to_fetch());
  }));
  keep_within(config.limit, queued);
  if (!config.common.json) {
    for (const auto& stored : queued) print_question(stored);
    return {};
  }
  auto out = nlohmann::ordered_json::array();
  for (const auto& stored : queued) out.push_back(question_json(stored));
  fmt::print("{}\n", out.dump());
  return {};
}

Result<void> retry_queue(const Config& config, Database& database) {
  const auto sent = TRY(database.in_transaction(
      "gateway:retry", [&](Transaction& t) -> Result<std::int64_t> {
        const auto retried = TRY(questions::retry(t, config.serial));
        auto entry = set::audit::by_operator("queue retry", system_clock()());
        entry.subject = config.serial ? std::to_string(*config.serial) : "all that is parked";
        if (retried > 0) TRY(set::audit::append(t, entry));
        return retried;
      }));
  CHECK_OR_FAIL(sent > 0 || !config.serial, ErrorCode::not_found,
                "nothing of this number is parked");
  if (config.common.json) {
    fmt::print("{}\n", nlohmann::ordered_json{{"retried", sent}}.dump());
  } else {
    fmt::print("{} sent again\n", sent);
  }
  return {};
}

}  // namespace

Result<void> run_queue(const Config& config) {
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  return config.command == Command::queue_list ? list_queue(config, store.database())
                                               : retry_queue(config, store.database());
}

}  // namespace set::gateway
