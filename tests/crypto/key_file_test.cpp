#include "common/crypto/key_file.h"

#include <botan/pem.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "pki.h"

namespace set::test {
namespace {

// Cheap, so that the table of flipped bytes stays quick.
constexpr Argon2Cost kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

/// A folder that goes when the test ends.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "set-key-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

Passphrase passphrase(const char* text = "correct horse battery staple") {
  return Passphrase(text);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::trunc) << text;
  std::filesystem::permissions(path, std::filesystem::perms{0600});
}

void make(const std::filesystem::path& path) {
  auto file = must(KeyFile::create(path, passphrase(), kCheap, Rng::system()));
  must(file.put("signature", view_of("first secret"), Rng::system()));
  must(file.put("tls", view_of("second secret"), Rng::system()));
}

std::string get(const KeyFile& file, std::string_view name) {
  return string_of(must(file.get(name)).reveal());
}

Bytes octets_of(const std::string& text) {
  const auto octets = Botan::PEM_Code::decode_check_label(text, "OPENSET KEY FILE");
  return {octets.begin(), octets.end()};
}

std::string text_of(const Bytes& octets) {
  return Botan::PEM_Code::encode(octets.data(), octets.size(), "OPENSET KEY FILE");
}

}  // namespace

TEST_CASE("keys come back from a key file, and only under its passphrase") {
  const Folder folder;
  make(folder / "keys");
  const auto file = must(KeyFile::open(folder / "keys", passphrase()));
  CHECK(file.names() == std::vector<std::string>{"signature", "tls"});
  CHECK(get(file, "signature") == "first secret");
  CHECK(get(file, "tls") == "second secret");
  CHECK(code_of(file.get("kem")) == ErrorCode::not_found);

  for (const char* wrong : {"", "Correct horse battery staple", "correct horse battery staple "}) {
    CHECK(code_of(KeyFile::open(folder / "keys", passphrase(wrong))) ==
          ErrorCode::wrong_passphrase);
  }
  CHECK(read_text(folder / "keys").find("secret") == std::string::npos);
}

TEST_CASE("entries are replaced and removed, and the file is whole after each step") {
  const Folder folder;
  make(folder / "keys");
  auto file = must(KeyFile::open(folder / "keys", passphrase()));
  must(file.put("tls", view_of("third secret"), Rng::system()));
  CHECK(get(file, "tls") == "third secret");
  CHECK(get(must(KeyFile::open(folder / "keys", passphrase())), "tls") == "third secret");
  must(file.remove("signature"));
  CHECK(must(KeyFile::open(folder / "keys", passphrase())).names() ==
        std::vector<std::string>{"tls"});
  CHECK(code_of(file.remove("signature")) == ErrorCode::not_found);
  CHECK(folder.files() == 1);  // no temporary file stays
  struct stat facts {};
  REQUIRE(::stat((folder / "keys").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
}

TEST_CASE("an empty key file knows its passphrase, too") {
  const Folder folder;
  must(KeyFile::create(folder / "keys", passphrase(), kCheap, Rng::system()));
  CHECK(must(KeyFile::open(folder / "keys", passphrase())).names().empty());
  CHECK(code_of(KeyFile::open(folder / "keys", passphrase("wrong"))) ==
        ErrorCode::wrong_passphrase);
}

TEST_CASE("an existing file is not overwritten, and mistakes are told") {
  const Folder folder;
  make(folder / "keys");
  const std::string before = read_text(folder / "keys");
  CHECK(code_of(KeyFile::create(folder / "keys", passphrase(), kCheap, Rng::system())) ==
        ErrorCode::conflict);
  CHECK(read_text(folder / "keys") == before);
  const auto refused = [&](Argon2Cost cost) {
    CHECK(code_of(KeyFile::create(folder / "new", passphrase(), cost, Rng::system())) ==
          ErrorCode::invalid_argument);
  };
  refused({.memory_kib = 1024 * 1024 + 1, .passes = 1, .lanes = 1});
  refused({.memory_kib = 64, .passes = 65, .lanes = 1});
  refused({.memory_kib = 64, .passes = 0, .lanes = 1});
  refused({.memory_kib = 64, .passes = 1, .lanes = 0});
  refused({.memory_kib = 64, .passes = 1, .lanes = 9});
  CHECK(code_of(KeyFile::create(folder / "new", Passphrase(), kCheap, Rng::system())) ==
        ErrorCode::invalid_argument);
  CHECK(code_of(KeyFile::create(folder / "no/such/folder", passphrase(), kCheap, Rng::system())) ==
        ErrorCode::bad_config);

  auto file = must(KeyFile::open(folder / "keys", passphrase()));
  for (const auto& name :
       {std::string(), std::string("a b"), std::string(65, 'x'), std::string("\n")}) {
    CHECK(code_of(file.put(name, view_of("x"), Rng::system())) == ErrorCode::invalid_argument);
  }
}

TEST_CASE("a key file that others may read, or that is no file, is refused") {
  const Folder folder;
  make(folder / "keys");
  for (const unsigned mode : {0640u, 0604u, 0660u, 0620u, 0601u, 0777u}) {
    std::filesystem::permissions(folder / "keys", std::filesystem::perms{mode});
    CHECK(code_of(KeyFile::open(folder / "keys", passphrase())) == ErrorCode::bad_config);
  }
  std::filesystem::permissions(folder / "keys", std::filesystem::perms{0400});
  CHECK(get(must(KeyFile::open(folder / "keys", passphrase())), "tls") == "second secret");

  CHECK(code_of(KeyFile::open(folder / "none", passphrase())) == ErrorCode::bad_config);
  CHECK(code_of(KeyFile::open(folder / "", passphrase())) == ErrorCode::bad_config);
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK(code_of(KeyFile::open(folder / "fifo", passphrase())) == ErrorCode::bad_config);
}

TEST_CASE("a truncated key file is refused at every length") {
  const Folder folder;
  make(folder / "keys");
  const std::string text = read_text(folder / "keys");
  for (std::size_t size = 0; size < text.size(); size += 3) {
    write_text(folder / "short", text.substr(0, size));
    CHECK(code_of(KeyFile::open(folder / "short", passphrase())) == ErrorCode::bad_config);
  }
  const Bytes octets = octets_of(text);
  for (std::size_t size = 0; size < octets.size(); ++size) {
    write_text(folder / "short",
               text_of(Bytes(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size))));
    CHECK_FALSE(KeyFile::open(folder / "short", passphrase()).has_value());
  }
}

TEST_CASE("every flipped byte of a key file is refused") {
  const Folder folder;
  make(folder / "keys");
  const std::string text = read_text(folder / "keys");
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_text(folder / "changed", changed);
    INFO("character " << i);
    CHECK_FALSE(KeyFile::open(folder / "changed", passphrase()).has_value());
  }
  const Bytes octets = octets_of(text);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i >= 1 && i <= 3) continue;  // 16 MiB and more of memory for each: tried below
    for (const std::uint8_t flip : {std::uint8_t{0x01}, std::uint8_t{0x80}}) {
      Bytes changed = octets;
      changed[i] ^= flip;
      write_text(folder / "changed", text_of(changed));
      INFO("octet " << i);
      CHECK_FALSE(KeyFile::open(folder / "changed", passphrase()).has_value());
    }
  }
  for (const std::size_t i : {1u, 2u, 3u}) {
    Bytes changed = octets;
    changed[i] ^= 0x04;
    write_text(folder / "changed", text_of(changed));
    CHECK_FALSE(KeyFile::open(folder / "changed", passphrase()).has_value());
  }
}

TEST_CASE("ciphertexts that changed places between names are refused") {
  const Folder folder;
  auto file = must(KeyFile::create(folder / "keys", passphrase(), kCheap, Rng::system()));
  must(file.put("key-a", view_of("secret of a"), Rng::system()));
  must(file.put("key-b", view_of("secret of b"), Rng::system()));
  Bytes octets = octets_of(read_text(folder / "keys"));
  const auto at = [&](std::string_view name) {
    return std::search(octets.begin(), octets.end(), name.begin(), name.end());
  };
  std::iter_swap(at("key-a") + 4, at("key-b") + 4);  // the names change places
  write_text(folder / "keys", text_of(octets));
  CHECK(code_of(KeyFile::open(folder / "keys", passphrase())) == ErrorCode::bad_config);
}

TEST_CASE("an entry put back from an older file is refused") {
  const Folder folder;
  make(folder / "keys");
  const Bytes old = octets_of(read_text(folder / "keys"));
  auto file = must(KeyFile::open(folder / "keys", passphrase()));
  must(file.put("signature", view_of("new secret!!"), Rng::system()));
  Bytes mixed = octets_of(read_text(folder / "keys"));
  REQUIRE(mixed.size() == old.size());
  // Everything but the tag at the end from the old file: as a whole it would be the old file.
  std::copy(old.begin(), old.end() - 48, mixed.begin());
  write_text(folder / "keys", text_of(mixed));
  CHECK(code_of(KeyFile::open(folder / "keys", passphrase())) == ErrorCode::bad_config);
}

}  // namespace set::test
