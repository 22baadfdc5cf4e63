// The file under a SQLite database: private, and used by one daemon only. Called by database.cpp.
#pragma once

#include <filesystem>

#include "common/base/result.h"

namespace set {

/// Holds the lock on "<file>.lock" until destruction; the system lets go of it when a process dies.
class DatabaseFile {
 public:
  DatabaseFile() = default;  ///< None: a database in memory.
  /// Makes the file with mode 0600 unless it exists. bad_config as Database::open says.
  /// `exclusive` takes the lock, for a daemon.
  static Result<DatabaseFile> open(const std::filesystem::path& file, bool exclusive);

  DatabaseFile(DatabaseFile&& other) noexcept;
  DatabaseFile& operator=(DatabaseFile&& other) noexcept;
  ~DatabaseFile();

 private:
  int lock_ = -1;
};

}  // namespace set
