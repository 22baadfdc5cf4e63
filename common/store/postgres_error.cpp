#include "common/store/postgres_error.h"

namespace set {
namespace {

// What libpq says in several lines, some of them with a tab.
std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '\n' && c != '\t') {
      out += c;
    } else if (!out.ends_with("; ")) {
      out += "; ";
    }
  }
  while (out.ends_with(' ') || out.ends_with(';')) out.pop_back();
  return out;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

bool is_lost_race(std::string_view sql_state) {
  constexpr std::string_view kSerializationFailure = "40001";
  constexpr std::string_view kDeadlock = "40P01";
  return sql_state == kSerializationFailure || sql_state == kDeadlock;
}

Error statement_error(std::string_view sql_state, const std::string& says) {
  constexpr auto kUnavailable = ErrorCode::storage_unavailable;
  const std::string_view kind = sql_state.substr(0, 2);
  if (kind == "23") return {ErrorCode::conflict, "the database refuses this: " + says};
  if (sql_state == "22021" || sql_state == "22P05") {
    return {ErrorCode::conflict, "the database refuses this: a text is not UTF-8, or has a NUL"};
  }
  if (is_lost_race(sql_state) || sql_state == "55P03" || sql_state == "57014") {
    return {kUnavailable, "the database is in use by others; try again"};
  }
  if (sql_state == "25006") {
    return {kUnavailable, "the database is a standby that cannot be written: use the primary"};
  }
  if (sql_state == "42501") {
    return {ErrorCode::bad_config, "the database's user may not do this (" + says +
                                       "): make it the owner of the database"};
  }
  if (sql_state == "53100") return {kUnavailable, "the database's disk is full; make room"};
  if (kind == "53") return {kUnavailable, "the database is at its limits: " + says};
  if (kind == "XX") {
    return {kUnavailable, "the database is damaged (" + says + "); restore a backup"};
  }
  if (kind == "08" || kind == "57" || kind == "58") {
    return {kUnavailable, "the database fails: " + says};
  }
  // Of class 22 the server's sentence may quote a value.
  return {ErrorCode::internal,
          "wrong SQL: " + (kind == "22" ? "SQLSTATE " + std::string(sql_state) : says)};
}

Error connect_error(const std::string& place, const PGconn* connection) {
  const std::string says = one_line(PQerrorMessage(connection));
  if (PQconnectionNeedsPassword(connection) != 0) {
    return {ErrorCode::bad_config,
            place +
                " wants a password: name a file of mode 0600 with the line "
                "host:port:database:user:password by ?passfile=FILE in the URL"};
  }
  const bool refused = has(says, "does not exist") || has(says, "authentication failed") ||
                       has(says, "no pg_hba.conf entry") || has(says, "certificate") ||
                       has(says, "does not support SSL") || has(says, "permission denied");
  return {refused ? ErrorCode::bad_config : ErrorCode::storage_unavailable,
          "cannot use " + place + ": " + says};
}

}  // namespace set
