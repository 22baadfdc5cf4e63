#include "common/crypto/key_file.h"

#include "common/crypto/digest.h"
#include "common/crypto/guarded.h"
#include "common/crypto/key_file_lock.h"
#include "common/crypto/key_file_text.h"
#include "common/crypto/suite.h"

namespace set {
namespace {

// HKDF's info, one per use of the file's key.
constexpr std::string_view kEntryUse = "OpenSET key file: entry";
constexpr std::string_view kCheckUse = "OpenSET key file: passphrase check";
constexpr std::string_view kTagUse = "OpenSET key file: tag";

constexpr std::uint8_t kZero = 0;

SecretBytes subkey(const SecretBytes& key, std::string_view use, std::string_view name,
                   std::size_t size) {
  const Bytes info = concat({view_of(use), ByteView(&kZero, 1), view_of(name)});
  return hkdf_sha384({}, key.reveal(), info, size);
}

SecretBytes passphrase_check(const SecretBytes& key) {
  return subkey(key, kCheckUse, "", detail::kKeyFileCheckBytes);
}

Bytes tag_of(const SecretBytes& key, ByteView body) {
  return hmac_sha384(subkey(key, kTagUse, "", detail::kKeyFileTagBytes).reveal(), body);
}

SecretBytes entry_key(const SecretBytes& key, std::string_view name) {
  return subkey(key, kEntryUse, name, suite::kAeadKeyBytes);
}

Bytes entry_aad(std::string_view name) {
  return concat({ByteView(&detail::kKeyFileVersion, 1), view_of(name)});
}

}  // namespace

KeyFile::KeyFile(std::filesystem::path path, SecretBytes key, detail::KeyFileContents contents)
    : path_(std::move(path)), key_(std::move(key)), contents_(std::move(contents)) {}

Result<KeyFile> KeyFile::create(const std::filesystem::path& path, const KeyLock& lock,
                                Argon2Cost cost, Rng& rng) {
  std::error_code ignored;
  CHECK_OR_FAIL(!std::filesystem::exists(std::filesystem::symlink_status(path, ignored)),
                ErrorCode::conflict, "the key file exists already");
  detail::KeyFileContents contents;
  auto key = TRY(detail::make_lock(lock, cost, contents, rng));
  KeyFile file(path, std::move(key), std::move(contents));
  TRY(file.save(/*is_new=*/true));
  return file;
}

Result<KeyFile> KeyFile::open(const std::filesystem::path& path, const KeyLock& lock) {
  const auto text = TRY(detail::read_private_file(path));
  auto read = TRY(detail::parse_key_file(text));
  auto key = TRY(detail::open_lock(lock, read.contents));
  CHECK_OR_FAIL(same_secret(passphrase_check(key).reveal(), read.check),
                ErrorCode::wrong_passphrase, "the passphrase does not open the key file");
  CHECK_OR_FAIL(same_secret(tag_of(key, read.body), read.tag), ErrorCode::bad_config,
                "the key file was changed by something other than OpenSET");
  return KeyFile(path, std::move(key), std::move(read.contents));
}

Result<KeyFile> KeyFile::create_like(const std::filesystem::path& path) const {
  detail::KeyFileContents contents{.lock = contents_.lock, .entries = {}};
  KeyFile file(path, key_.clone(), std::move(contents));
  TRY(file.save(/*is_new=*/true));
  return file;
}

Result<std::size_t> KeyFile::custodians_needed(const std::filesystem::path& path) {
  const auto read = TRY(detail::parse_key_file(TRY(detail::read_private_file(path))));
  const auto* lock = std::get_if<detail::KeyFileContents::CustodianLock>(&read.contents.lock);
  return lock != nullptr ? lock->threshold : 0;
}

Result<void> KeyFile::lock_anew(const KeyLock& lock, Argon2Cost cost, Rng& rng) {
  detail::KeyFileContents contents;
  auto key = TRY(detail::make_lock(lock, cost, contents, rng));
  KeyFile next(path_, std::move(key), std::move(contents));
  for (const auto& name : names()) {
    const auto secret = TRY(get(name));
    next.seal(name, secret.reveal(), rng);
  }
  TRY(next.save(/*is_new=*/false));
  *this = std::move(next);
  return {};
}

void KeyFile::seal(std::string_view name, ByteView secret, Rng& rng) {
  Bytes nonce = rng.bytes(suite::kAeadNonceBytes);
  Bytes ciphertext = aead_seal(entry_key(key_, name).reveal(), nonce, entry_aad(name), secret);
  contents_.entries.insert_or_assign(
      std::string(name), detail::KeyFileContents::Entry{std::move(nonce), std::move(ciphertext)});
}

Result<void> KeyFile::put(std::string_view name, ByteView secret, Rng& rng) {
  CHECK_OR_FAIL(detail::fits_key_name(name), ErrorCode::invalid_argument,
                "a key's name has 1 to 64 printable characters");
  auto before = contents_.entries;
  seal(name, secret, rng);
  auto saved = save(/*is_new=*/false);
  if (!saved) contents_.entries = std::move(before);  // memory says what the disk says
  return saved;
}

Result<void> KeyFile::remove(std::string_view name) {
  const auto found = contents_.entries.find(name);
  CHECK_OR_FAIL(found != contents_.entries.end(), ErrorCode::not_found,
                "the key file has no entry of this name");
  auto before = contents_.entries;
  contents_.entries.erase(found);
  auto saved = save(/*is_new=*/false);
  if (!saved) contents_.entries = std::move(before);
  return saved;
}

Result<SecretBytes> KeyFile::get(std::string_view name) const {
  const auto found = contents_.entries.find(name);
  CHECK_OR_FAIL(found != contents_.entries.end(), ErrorCode::not_found,
                "the key file has no entry of this name");
  auto secret = aead_open(entry_key(key_, name).reveal(), found->second.nonce, entry_aad(name),
                          found->second.ciphertext);
  CHECK_OR_FAIL(secret, ErrorCode::bad_config, "an entry of the key file does not open");
  return std::move(*secret);
}

std::vector<std::string> KeyFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : contents_.entries) names.push_back(name);
  return names;
}

Result<void> KeyFile::save(bool is_new) const {
  const Bytes body = detail::key_file_body(contents_, passphrase_check(key_).reveal());
  return detail::write_private_file(path_, detail::key_file_text(body, tag_of(key_, body)), is_new);
}

}  // namespace set
