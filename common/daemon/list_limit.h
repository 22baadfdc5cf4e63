// --limit of the lists that grow: the same default and the same words everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace set {

/// How many rows a list shows.
struct ListLimit {
  std::int64_t rows = 100;  ///< 0: all
  bool asked_for = false;   ///< somebody said --limit

  /// Of a list that is read page by page: a program gets all of it, unless it says otherwise. Others are
  /// read in one transaction, which must not become long by itself.
  ListLimit of_pages(bool for_program) const;

  /// One more than is shown, so that it is known whether more are there.
  std::int64_t to_fetch() const;
  /// True if a list that has shown `count` rows has no room for another one.
  bool is_full(std::size_t count) const;
};

/// --limit N. `limit.rows` is what it is by itself.
CLI::Option* add_limit_option(CLI::App& list, ListLimit& limit);

/// Tells the person that there are more rows than were shown.
void say_rows_left_out(const ListLimit& limit);

/// Drops what is beyond the limit, and says so.
template <class Row>
void keep_within(const ListLimit& limit, std::vector<Row>& rows) {
  if (rows.empty() || !limit.is_full(rows.size() - 1)) return;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(limit.rows), rows.end());
  say_rows_left_out(limit);
}

}  // namespace set
