#include "common/crypto/key_file_text.h"

#include <botan/pem.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/crypto/guarded.h"
#include "common/crypto/suite.h"

namespace set::detail {
namespace {

constexpr std::string_view kLabel = "OPENSET KEY FILE";
constexpr std::size_t kMaxFileBytes = 1024 * 1024;
constexpr std::size_t kMaxEntries = 256;

auto bad(const char* sentence) { return failure(ErrorCode::bad_config, sentence); }

void put_number(Bytes& out, std::uint64_t number, std::size_t octets) {
  while (octets-- > 0) out.push_back(static_cast<std::uint8_t>(number >> (8 * octets)));
}

void put_bytes(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// Takes octets from the front; after the first lack everything is empty and ok() is false.
class Reader {
 public:
  explicit Reader(ByteView left) : left_(left) {}
  Bytes bytes(std::size_t size) {
    ok_ = ok_ && size <= left_.size();
    if (!ok_) return {};
    const Bytes out = bytes_of(left_.first(size));
    left_ = left_.subspan(size);
    return out;
  }
  std::uint32_t number(std::size_t octets) {
    std::uint32_t out = 0;
    for (const std::uint8_t octet : bytes(octets)) out = (out << 8) | octet;
    return out;
  }
  std::size_t left() const { return left_.size(); }
  bool ok() const { return ok_; }

 private:
  ByteView left_;
  bool ok_ = true;
};

// Version 2 says which lock follows; 3 is of custodians only.
constexpr std::uint8_t kCustodians = 1, kToken = 2;

void put_entry(Bytes& out, const KeyFileContents::Entry& entry) {
  put_bytes(out, entry.nonce);
  put_number(out, entry.ciphertext.size(), 4);
  put_bytes(out, entry.ciphertext);
}

void put_cost(Bytes& out, const Argon2Cost& cost) {
  put_number(out, cost.memory_kib, 4);
  put_number(out, cost.passes, 4);
  put_number(out, cost.lanes, 4);
}

struct PutLock {
  Bytes& out;
  void operator()(const KeyFileContents::PassphraseLock& lock) const {
    out.push_back(kKeyFileVersion);
    put_cost(out, lock.cost);
    put_bytes(out, lock.salt);
  }
  void operator()(const KeyFileContents::CustodianLock& lock) const {
    const bool own_salts = lock.version == kKeyFileOwnSaltsVersion;
    out.push_back(lock.version);
    if (!own_salts) out.push_back(kCustodians);
    put_cost(out, lock.cost);
    if (!own_salts) put_bytes(out, lock.shares.front().salt);
    put_number(out, lock.threshold, 1);
    put_number(out, lock.shares.size(), 1);
    for (const auto& share : lock.shares) {
      if (own_salts) put_bytes(out, share.salt);
      put_entry(out, share.sealed);
    }
  }
  void operator()(const KeyFileContents::TokenLock& lock) const {
    out.insert(out.end(), {kKeyFileLockVersion, kToken});
    put_number(out, lock.wrapped.key_id.size(), 1);
    put_bytes(out, lock.wrapped.key_id);
    put_entry(out, {lock.wrapped.nonce, lock.wrapped.ciphertext});
  }
};

KeyFileContents::Entry get_entry(Reader& from) {
  KeyFileContents::Entry entry;
  entry.nonce = from.bytes(suite::kAeadNonceBytes);
  entry.ciphertext = from.bytes(from.number(4));
  return entry;
}

Result<Argon2Cost> get_cost(Reader& from) {
  Argon2Cost cost;
  cost.memory_kib = from.number(4);
  cost.passes = from.number(4);
  cost.lanes = from.number(4);
  CHECK_OR_FAIL(fits_cost(cost), ErrorCode::bad_config, "the key file's costs are out of bounds");
  return cost;
}

Result<KeyFileContents::CustodianLock> get_custodians(Reader& from, std::uint8_t version) {
  KeyFileContents::CustodianLock lock;
  lock.version = version;
  const bool own_salts = version == kKeyFileOwnSaltsVersion;
  lock.cost = TRY(get_cost(from));
  const auto shared_salt = own_salts ? Bytes() : from.bytes(kKeyFileSaltBytes);
  lock.threshold = from.number(1);
  const std::size_t count = from.number(1);
  CHECK_OR_FAIL(fits_custodians(lock.threshold, count), ErrorCode::bad_config,
                "the key file's number of custodians is out of bounds");
  for (std::size_t i = 0; i < count; ++i) {
    auto salt = own_salts ? from.bytes(kKeyFileSaltBytes) : shared_salt;
    lock.shares.push_back({std::move(salt), get_entry(from)});
  }
  return lock;
}

Result<void> parse_lock(Reader& from, KeyFileContents& contents) {
  const auto version = from.number(1);
  if (version == kKeyFileVersion) {
    const auto cost = TRY(get_cost(from));
    contents.lock = KeyFileContents::PassphraseLock{cost, from.bytes(kKeyFileSaltBytes)};
    return {};
  }
  if (version == kKeyFileOwnSaltsVersion) {
    contents.lock = TRY(get_custodians(from, kKeyFileOwnSaltsVersion));
    return {};
  }
  CHECK_OR_FAIL(version == kKeyFileLockVersion, ErrorCode::bad_config,
                "the key file is of another version");
  const auto kind = from.number(1);
  if (kind == kCustodians) {
    contents.lock = TRY(get_custodians(from, kKeyFileLockVersion));
    return {};
  }
  CHECK_OR_FAIL(kind == kToken, ErrorCode::bad_config, "the key file has an unknown lock");
  WrappedKey wrapped;
  wrapped.key_id = from.bytes(from.number(1));
  auto entry = get_entry(from);
  wrapped.nonce = std::move(entry.nonce);
  wrapped.ciphertext = std::move(entry.ciphertext);
  contents.lock = KeyFileContents::TokenLock{std::move(wrapped)};
  return {};
}

Result<void> parse_entries(Reader& from, KeyFileContents& contents) {
  const std::size_t count = from.number(2);
  CHECK_OR_FAIL(count <= kMaxEntries, ErrorCode::bad_config, "the key file has too many entries");
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = string_of(from.bytes(from.number(1)));
    auto entry = get_entry(from);
    CHECK_OR_FAIL(from.ok() && fits_key_name(name), ErrorCode::bad_config,
                  "an entry of the key file is malformed");
    CHECK_OR_FAIL(contents.entries.emplace(name, std::move(entry)).second, ErrorCode::bad_config,
                  "the key file has a name twice");
  }
  return {};
}

/// Closes a file descriptor at the end of its scope.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_folder(const std::filesystem::path& path) {
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const File opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && ::fsync(opened.get()) == 0;
}

// A link fails where a rename would replace: a new file never takes the place of an old one.
Result<void> put_in_place(const std::string& temporary, const std::filesystem::path& path,
                          bool is_new) {
  const bool placed = (is_new ? ::link(temporary.c_str(), path.c_str())
                              : ::rename(temporary.c_str(), path.c_str())) == 0;
  const bool taken = !placed && is_new && errno == EEXIST;
  if (is_new || !placed) ::unlink(temporary.c_str());
  CHECK_OR_FAIL(!taken, ErrorCode::conflict, "the key file exists already");
  CHECK_OR_FAIL(placed && sync_folder(path), ErrorCode::bad_config,
                "the key file cannot be put in its place");
  return {};
}

}  // namespace

bool fits_key_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

bool fits_cost(const Argon2Cost& cost) {
  return cost.lanes >= 1 && cost.lanes <= 16 && cost.memory_kib >= 8 * cost.lanes &&
         cost.memory_kib <= 1024 * 1024 && cost.passes >= 1 && cost.passes <= 64;
}

bool fits_custodians(std::size_t threshold, std::size_t count) {
  return threshold >= 2 && threshold <= count && count <= kMaxCustodians;
}

Bytes key_file_body(const KeyFileContents& contents, ByteView check) {
  Bytes out;
  std::visit(PutLock{out}, contents.lock);
  put_bytes(out, check);
  put_number(out, contents.entries.size(), 2);
  for (const auto& [name, entry] : contents.entries) {
    put_number(out, name.size(), 1);
    put_bytes(out, view_of(name));
    put_entry(out, entry);
  }
  return out;
}

std::string key_file_text(ByteView body, ByteView tag) {
  return infallible([&] { return Botan::PEM_Code::encode(concat({body, tag}), kLabel); });
}

Result<ReadKeyFile> parse_key_file(std::string_view text) {
  const Bytes octets =
      TRY(guarded(ErrorCode::bad_config, "the key file is not in its PEM form", [&] {
        const auto decoded = Botan::PEM_Code::decode_check_label(text, kLabel);
        return Bytes(decoded.begin(), decoded.end());
      }));
  CHECK_OR_FAIL(octets.size() > kKeyFileTagBytes, ErrorCode::bad_config,
                "the key file is too short");
  const ByteView body = ByteView(octets).first(octets.size() - kKeyFileTagBytes);
  ReadKeyFile read{.contents = {},
                   .check = {},
                   .body = bytes_of(body),
                   .tag = bytes_of(ByteView(octets).last(kKeyFileTagBytes))};

  Reader from(body);
  TRY(parse_lock(from, read.contents));
  read.check = from.bytes(kKeyFileCheckBytes);
  TRY(parse_entries(from, read.contents));
  CHECK_OR_FAIL(from.ok() && from.left() == 0, ErrorCode::bad_config, "the key file is malformed");
  // One text per content: what base64 and PEM would also let pass is refused.
  CHECK_OR_FAIL(equal(key_file_body(read.contents, read.check), read.body) &&
                    key_file_text(read.body, read.tag) == text,
                ErrorCode::bad_config, "the key file is not in its PEM form");
  return read;
}

Result<std::string> read_private_file(const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  CHECK_OR_FAIL(file.is_open(), ErrorCode::bad_config, "the key file cannot be opened");
  struct stat facts {};
  CHECK_OR_FAIL(::fstat(file.get(), &facts) == 0 && S_ISREG(facts.st_mode), ErrorCode::bad_config,
                "the key file is not a regular file");
  CHECK_OR_FAIL(facts.st_uid == ::geteuid() || facts.st_uid == 0, ErrorCode::bad_config,
                "the key file belongs to somebody else");
  CHECK_OR_FAIL((facts.st_mode & 0077) == 0, ErrorCode::bad_config,
                "the key file may be read by group or others: its mode must be 0600");
  CHECK_OR_FAIL(facts.st_size <= static_cast<off_t>(kMaxFileBytes), ErrorCode::bad_config,
                "the key file is too long");
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const auto got = ::read(file.get(), text.data() + at, text.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return bad("the key file cannot be read");
    at += static_cast<std::size_t>(got);
  }
  return text;
}

Result<void> write_private_file(const std::filesystem::path& path, std::string_view text,
                                bool is_new) {
  std::string temporary = path.string() + ".XXXXXX";
  const File file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  CHECK_OR_FAIL(file.is_open(), ErrorCode::bad_config, "the key file's folder cannot be written");
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
    ::unlink(temporary.c_str());
    return bad("the key file cannot be written");
  }
  return put_in_place(temporary, path, is_new);
}

}  // namespace set::detail
