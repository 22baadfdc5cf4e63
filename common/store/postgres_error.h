// What PostgreSQL's refusals mean to us: its SQLSTATEs as our codes, each with a sentence. The
// sentences never hold a value of a row: those stand in the server's DETAIL, which is not asked
// for. Used by postgres.cpp; pure.
#pragma once

#include <string>
#include <string_view>

#include <libpq-fe.h>

#include "common/base/result.h"

namespace set {

/// A transaction that lost against another one, and may win the next time.
bool is_lost_race(std::string_view sql_state);

/// `says` is the server's primary message.
Error statement_error(std::string_view sql_state, const std::string& says);

/// Why this connection did not come to be. `place` begins the sentence.
Error connect_error(const std::string& place, const PGconn* connection);

}  // namespace set
