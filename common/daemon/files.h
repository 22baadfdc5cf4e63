// Files of a daemon: read whole, written whole, private. Every Error names the file.
// Any thread; two writers of one file: the last one wins, readers see either.
#pragma once

#include <filesystem>
#include <string>

#include "common/base/bytes.h"

namespace set {

inline constexpr std::size_t kMaxFileBytes = 16 << 20;

/// bad_config if it cannot be read, is no regular file or is larger than `max_bytes`.
Result<Bytes> read_file(const std::filesystem::path& path, std::size_t max_bytes = kMaxFileBytes);
Result<std::string> read_text_file(const std::filesystem::path& path,
                                   std::size_t max_bytes = kMaxFileBytes);

/// A temporary file beside it, fsync, rename, fsync of the directory. After a crash the file is the
/// old or the new one. storage_unavailable if the disk says no.
Result<void> write_file_atomically(const std::filesystem::path& path, ByteView content,
                                   unsigned mode = 0600);
Result<void> write_file_atomically(const std::filesystem::path& path, std::string_view content,
                                   unsigned mode = 0600);

/// fsync of a directory: without it a rename in it may be forgotten by a power cut.
Result<void> sync_directory(const std::filesystem::path& directory);

/// bad_config if group or others may read, write or enter it, or if it belongs to another user. The
/// credentials that systemd gives a service ($CREDENTIALS_DIRECTORY) are private.
Result<void> check_private_file(const std::filesystem::path& path);
Result<void> check_private_directory(const std::filesystem::path& path);
/// Makes it with mode 0700, and its parents, unless it exists; then check_private_directory.
Result<void> make_private_directory(const std::filesystem::path& path);

}  // namespace set
