// The octets of a key file (key_file.h), both ways, and the file itself. Nothing here is secret and
// nothing is verified. Only key_file.cpp includes this.
#pragma once

#include "common/crypto/key_file.h"

namespace set::detail {

inline constexpr std::uint8_t kKeyFileVersion = 1;      ///< under a passphrase
inline constexpr std::uint8_t kKeyFileLockVersion = 2;  ///< under another lock
inline constexpr std::uint8_t kKeyFileOwnSaltsVersion = 3;  ///< custodians with a salt for each
inline constexpr std::size_t kKeyFileSaltBytes = 16;
inline constexpr std::size_t kKeyFileCheckBytes = 16;
inline constexpr std::size_t kKeyFileTagBytes = 48;

bool fits_key_name(std::string_view name);
/// 8 KiB per lane to 1 GiB, 1 to 64 passes, 1 to 16 lanes.
bool fits_cost(const Argon2Cost& cost);
/// 2 to 16 custodians, of whom two at least are needed.
bool fits_custodians(std::size_t threshold, std::size_t count);

/// Everything that the tag covers.
Bytes key_file_body(const KeyFileContents& contents, ByteView check);
std::string key_file_text(ByteView body, ByteView tag);

struct ReadKeyFile {
  KeyFileContents contents;
  Bytes check;
  Bytes body;
  Bytes tag;
};
/// bad_config unless it is the text that key_file_text() makes of these contents, to the octet.
Result<ReadKeyFile> parse_key_file(std::string_view text);

/// bad_config unless it is a regular file of ours that nobody else may read.
Result<std::string> read_private_file(const std::filesystem::path& path);
/// Temporary file, fsync, then link (is_new: `conflict` if the name is taken) or rename; mode 0600.
Result<void> write_private_file(const std::filesystem::path& path, std::string_view text,
                                bool is_new);

}  // namespace set::detail
