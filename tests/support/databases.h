// Databases for tests: empty, and of the kind that this run of the tests is about.
#pragma once

#include <set>
#include <string>

#include "common/store/database.h"

namespace set::test {

/// The URL of an empty PostgreSQL database: a schema of its own on the one server that this program
/// starts when it is first asked, and that ends with it (postgres_server). Throws a
/// std::runtime_error if there is no PostgreSQL.
std::string postgres_url();

/// "sqlite::memory:", or postgres_url() where SET_TEST_DATABASE=postgresql: CTest runs the rooms'
/// tests both ways.
std::string database_url();

/// All rows of all tables but `without`, as text with blobs in hex; of a database at
/// database_url().
Result<std::string> dump_of(Database& database, const std::set<std::string>& without);

}  // namespace set::test
