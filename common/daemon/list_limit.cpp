#include "common/daemon/list_limit.h"

#include <limits>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "common/daemon/terminal.h"

namespace set {
namespace {

constexpr std::int64_t kMostRows = 1'000'000;
// Fits whatever a store counts in.
constexpr std::int64_t kAllRows = std::numeric_limits<std::int32_t>::max();

}  // namespace

std::int64_t ListLimit::to_fetch() const { return rows == 0 ? kAllRows : rows + 1; }

bool ListLimit::is_full(std::size_t count) const {
  return rows != 0 && std::cmp_greater_equal(count, rows);
}

ListLimit ListLimit::of_pages(bool for_program) const {
  auto out = *this;
  if (for_program && !asked_for) out.rows = 0;
  return out;
}

CLI::Option* add_limit_option(CLI::App& list, ListLimit& limit) {
  return list
      .add_option_function<std::int64_t>(
          "--limit",
          [&limit](const std::int64_t& rows) {
            limit.rows = rows;
            limit.asked_for = true;
          },
          "At most so many rows; 0 for all")
      ->check(CLI::Range(std::int64_t{0}, kMostRows))
      ->default_str(std::to_string(limit.rows));
}

void say_rows_left_out(const ListLimit& limit) {
  say("only " + std::to_string(limit.rows) +
      " rows are shown, and there are more: --limit takes more, --limit 0 all");
}

}  // namespace set
