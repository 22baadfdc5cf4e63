#include "common/daemon/audit_command.h"

#include <fmt/format.h>

#include <deque>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/audit/log.h"
#include "common/base/neutral.h"
#include "common/daemon/files.h"

namespace set {
namespace {

using LogJson = nlohmann::ordered_json;

constexpr int kPage = 500;
constexpr std::size_t kMaxPeerLogBytes = std::size_t{1} << 30;

/// What an entry is about in a few words, those that are there.
std::string line_of(const AuditRecord& record) {
  std::string out = fmt::format("{} {}", record.number, field_of(record.entry, "at"));
  for (const auto* name : {"event", "message", "subject", "outcome", "signer", "caller", "peer", "xid"}) {
    const auto value = field_of(record.entry, name);
    if (!value.empty()) out += "  " + neutralise(value);
  }
  return out;
}

Result<std::optional<Instant>> since_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto ago = parse_duration(text)) return system_clock()() - *ago;
  const auto instant = parse_instant(text);
  CHECK_OR_FAIL(instant, ErrorCode::invalid_argument,
                "--since is an instant such as 2026-11-22T10:00:00Z, or how long ago, such as 24h");
  return *instant;
}

Result<void> list_log(Database& database, const AuditOptions& options, bool json) {
  const auto since = TRY(since_of(options.since));
  const auto is_asked_for = [&](const AuditRecord& record) {
    if (!since) return true;
    const auto at = parse_instant(field_of(record.entry, "at"));
    return !at || *at >= *since;
  };
  TRY(audit::chain(database));
  const auto show = [&](const AuditRecord& record) {
    fmt::print("{}\n", json ? to_json_line(record) : line_of(record));
  };
  // Who reads on after a number gets what follows it, everybody else the end of the log.
  const bool reads_on = options.after > 0;
  const auto limit = options.limit.of_pages(json);
  std::deque<AuditRecord> last;
  bool left_out = false;
  std::size_t shown = 0;
  for (auto after = options.after; !(left_out && reads_on);) {
    auto page = TRY(audit::records_after(database, after, kPage));
    for (auto& record : page) {
      after = record.number;
      if (!is_asked_for(record)) continue;
      const bool full = limit.is_full(reads_on ? shown : last.size());
      left_out = left_out || full;
      if (full && reads_on) break;
      if (reads_on || limit.rows == 0) {
        show(record);
        ++shown;
        continue;
      }
      if (full) last.pop_front();
      last.push_back(std::move(record));
    }
    if (std::cmp_less(page.size(), kPage)) break;
  }
  for (const auto& record : last) show(record);
  if (left_out) say_rows_left_out(limit);
  return {};
}

Result<void> export_log(Database& database) {
  return audit::for_each_record(database, 0, [](const AuditRecord& record) -> Result<void> {
    fmt::print("{}\n", to_json_line(record));
    return {};
  });
}

Result<void> show_entry(Database& database, const AuditOptions& options, bool json) {
  TRY(audit::chain(database));
  const auto found = TRY(audit::records_after(database, options.number - 1, 1));
  CHECK_OR_FAIL(!found.empty() && found.front().number == options.number, ErrorCode::not_found,
                "the audit log has no entry " + std::to_string(options.number));
  const auto& record = found.front();
  if (json) {
    fmt::print("{}\n", to_json_line(record));
    return {};
  }
  fmt::print("number: {}\n", record.number);
  const auto entry = LogJson::parse(record.entry, nullptr, /*allow_exceptions=*/false);
  for (const auto& [name, value] : entry.items())
    fmt::print("{}: {}\n", name,
               neutralise(value.is_string() ? value.get<std::string>() : value.dump(), 2000));
  fmt::print("digest: {}\n", record.digest.hex());
  return {};
}

/// A log as one side of the comparison of heads: its own heads, its owner's names, and the heads of
/// others that it was told, by who told them.
struct Side {
  std::set<std::string> heads;
  std::set<std::string> names;
  std::map<std::string, std::map<std::string, std::int64_t>> told;  ///< signer → head → entry
  AuditChain chain;

  Result<void> take(const AuditRecord& record) {
    TRY(chain.accept(record));
    heads.insert(record.digest.hex());
    const auto event = field_of(record.entry, "event");
    const auto signer = field_of(record.entry, "signer");
    if (signer.empty()) return {};
    if (event == "start" || event == "keys") names.insert(signer);
    const auto head = field_of(record.entry, "peer_head");
    if (!head.empty()) told[signer].emplace(head, record.number);
    return {};
  }
};

/// Every head that `witness` was told by `owner` is in the owner's log. How many there were.
Result<std::size_t> compare(const Side& owner, const Side& witness, const std::string& whose) {
  std::size_t compared = 0;
  for (const auto& name : owner.names) {
    const auto told = witness.told.find(name);
    if (told == witness.told.end()) continue;
    for (const auto& [head, entry] : told->second) {
      CHECK_OR_FAIL(owner.heads.contains(head), ErrorCode::verification_failed,
                    whose + " audit log was cut short or replaced: entry " + std::to_string(entry) +
                        " of the other log holds a head of " + name + " that is not in it");
      ++compared;
    }
  }
  return compared;
}

Result<Side> read_peer_log(const std::filesystem::path& file) {
  const auto bytes = TRY(read_file(file, kMaxPeerLogBytes));
  const auto text = string_of(bytes);
  Side out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    const auto taken = out.take(TRY(parse_record(line)));
    if (!taken) return failure(taken.error().code, file.string() + ": " + taken.error().detail);
  }
  CHECK_OR_FAIL(out.chain.count() > 0, ErrorCode::invalid_argument,
                file.string() + " holds no entries: `audit export` of the other party makes it");
  return out;
}

Result<void> verify_log(Database& database, const AuditOptions& options, bool json) {
  Side own;
  TRY(audit::for_each_record(database, 0,
                             [&](const AuditRecord& record) { return own.take(record); }));
  CHECK_OR_FAIL(options.head.empty() || own.heads.contains(options.head),
                ErrorCode::verification_failed,
                "the audit log was cut short or replaced: the head that was noted is not in it");
  std::optional<std::size_t> compared;
  if (!options.peer_log.empty()) {
    const auto peer = TRY(read_peer_log(options.peer_log));
    compared = TRY(compare(own, peer, "this"));
    *compared += TRY(compare(peer, own, "the other party's"));
    CHECK_OR_FAIL(*compared > 0, ErrorCode::not_found,
                  "the two logs hold no heads of each other: these parties never spoke");
  }
  const auto head = own.chain.count() == 0 ? std::string() : own.chain.head().hex();
  if (json) {
    LogJson out{{"entries", own.chain.count()}, {"head", head}};
    if (compared) out["peer_heads"] = *compared;
    fmt::print("{}\n", out.dump());
    return {};
  }
  fmt::print("{} entries, head {}\n", own.chain.count(), head);
  if (compared) fmt::print("{} heads that the two parties told each other are in place\n", *compared);
  return {};
}

}  // namespace

void add_audit_verbs(CLI::App& noun, AuditOptions& options) {
  using Verb = AuditOptions::Verb;
  const auto add = [&](const char* name, const char* description, Verb verb) -> CLI::App& {
    auto& command = *noun.add_subcommand(name, description);
    command.callback([&options, verb] { options.verb = verb; });
    return command;
  };
  auto& list = add("list", "The last entries, or those after a number, oldest first, a line each", Verb::list);
  list.add_option("--after", options.after, "begin after this number");
  list.add_option("--since", options.since, "an instant, or how long ago, such as 24h");
  add_limit_option(list, options.limit);
  auto& show = add("show", "One entry with all its fields", Verb::show);
  show.add_option("NUMBER", options.number, "as in the list")->required()->check(CLI::PositiveNumber);
  auto& verify = add("verify", "Follows the chain of digests to its head", Verb::verify);
  verify.add_option("--head", options.head, "a head that was noted before: it must be in the chain");
  verify.add_option("--peer-log", options.peer_log,
                    "what `audit export` of another party wrote: the heads that each told the other "
                    "must be in place");
  add("export", "Every entry as a line of JSON, for --peer-log and for safe keeping",
      Verb::export_all);
}

Result<void> run_audit(Database& database, const AuditOptions& options, bool json) {
  switch (options.verb) {
    case AuditOptions::Verb::list:
      return list_log(database, options, json);
    case AuditOptions::Verb::show:
      return show_entry(database, options, json);
    case AuditOptions::Verb::verify:
      return verify_log(database, options, json);
    case AuditOptions::Verb::export_all:
      return export_log(database);
  }
  return {};
}

}  // namespace set
