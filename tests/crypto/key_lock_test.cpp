// Locks of key files other than one passphrase: custodians, and a token that is simulated here (the
// real module is in pkcs11_test.cpp).
#include <fstream>

#include "common/crypto/digest.h"
#include "common/crypto/key_file.h"
#include "pki.h"

namespace set::test::locks {
namespace {

constexpr Argon2Cost kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "set-lock-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
};

std::vector<Passphrase> custodians(const std::vector<const char*>& texts) {
  std::vector<Passphrase> out;
  for (const char* text : texts) out.emplace_back(text);
  return out;
}

void make(const std::filesystem::path& path, const KeyLock& lock) {
  auto file = must(KeyFile::create(path, lock, kCheap, Rng::system()));
  must(file.put("root", view_of("the secret"), Rng::system()));
}

std::string get(const KeyFile& file) { return string_of(must(file.get("root")).reveal()); }

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A token in memory: encrypts under a key of its own.
class SimulatedToken final : public KeyToken {
 public:
  Result<WrappedKey> wrap(ByteView key, Rng& rng) const override {
    WrappedKey wrapped{bytes_of(view_of("id")), rng.bytes(12), {}};
    wrapped.ciphertext = aead_seal(key_.reveal(), wrapped.nonce, {}, key);
    return wrapped;
  }
  Result<SecretBytes> unwrap(const WrappedKey& wrapped) const override {
    return aead_open(key_.reveal(), wrapped.nonce, {}, wrapped.ciphertext);
  }
  bool can_sign() const override { return false; }
  Result<Bytes> make_signature_key(SignatureAlgorithm, Rng&) const override {
    return failure(ErrorCode::internal, "not asked for");
  }
  Result<std::shared_ptr<const Signer>> signer(ByteView) const override {
    return failure(ErrorCode::internal, "not asked for");
  }

 private:
  SecretBytes key_ = Rng::system().secret(32);
};

}  // namespace

TEST_CASE("two of three custodians open a key file, one does not, strangers do not") {
  const Folder folder;
  const auto path = folder.path / "root.keys.set";
  const auto all = custodians({"anna's", "bert's", "carl's"});
  make(path, KeyLock(all, 2));
  CHECK(must(KeyFile::custodians_needed(path)) == 2);

  struct Row {
    std::vector<const char*> given;
    bool opens;
  };
  const std::vector<Row> rows{{{"anna's", "bert's"}, true},
                              {{"anna's", "carl's"}, true},
                              {{"carl's", "bert's"}, true},
                              {{"anna's", "bert's", "carl's"}, true},
                              {{"bert's", "a stranger's", "anna's"}, true},
                              {{"anna's"}, false},
                              {{"anna's", "anna's"}, false},
                              {{"anna's", "a stranger's"}, false},
                              {{"x", "y", "z"}, false},
                              {{}, false}};
  for (const auto& row : rows) {
    const auto given = custodians(row.given);
    const auto opened = KeyFile::open(path, KeyLock(given, 2));
    INFO(row.given.size() << " passphrases");
    if (row.opens) {
      CHECK(get(must(KeyFile::open(path, KeyLock(given, 2)))) == "the secret");
    } else {
      CHECK(code_of(opened) == ErrorCode::wrong_passphrase);
    }
  }
  const Passphrase one("anna's");
  CHECK(code_of(KeyFile::open(path, one)) == ErrorCode::wrong_passphrase);
}

/// Made by OpenSET before version 3 of the format: one salt for all custodians.
constexpr const char* kVersion2 =
    R"(-----BEGIN OPENSET KEY FILE-----
AgEAAABAAAAAAQAAAAHS5eWcKtH99JVM3AX28o7SAgNOWXZkbH+J2nAGm6sAAABl
5XXqXy3N3T75cauVaCt9MLKMicvaAD8QLE7esk/VVykSWs5d3M5ZaGPQ1iySsRXF
ykXu48uRGDM0nobv4v3vY2yTkW6AtzktDLQIGnLGg1t07K0RVQLMATirgSa7zmVD
OrTFOI0d5xN3nCw3hpfAMOAAAABlaYEidINk/6Q4bewGnN4PNcMLKsOW31h3EuT5
yq6lS0xZT03z+V0gu99EPkEQLgtukZM0QzwO7GAqW/E55Cy2tEmYPVdiuQiyKOez
Nwj01eqrM6FjKlLz7hKxdJshIaNpvvP/mD4UXpkXGuhwwqEa1yoAAABla5MTuU8/
JrM2Be/qzzyK04MAwNwwT+yEcprByEqlS6cRivMgoYUKGnk/caMwME7re9UPdmFF
29CxRQdrie93mVgGWAxH8vZnNZGKKINc440OV9pMABUZv8vOqja4BhkHQnefBUX/
USeMzrZjFCasUEfSmrrfAAEEcm9vdIq5yW63r91WfEdf1AAAABo139V10yzi1IQw
fMUG1XL96AZzGwPvX8XPPkvfJjwt7ComfnQAf+R9kBiyFPhBymNhwLpqZRMfdbvw
Zaf4rCvIIH2etVD/YhFnkA==
-----END OPENSET KEY FILE-----
)";

TEST_CASE("a file from before custodians had salts of their own opens, and keeps its form") {
  const Folder folder;
  const auto path = folder.path / "old.set";
  {
    std::ofstream(path) << kVersion2;
    std::filesystem::permissions(path, std::filesystem::perms::owner_read |
                                           std::filesystem::perms::owner_write);
  }
  const auto two = custodians({"carl's", "anna's"});
  auto file = must(KeyFile::open(path, KeyLock(two, 2)));
  CHECK(get(file) == "the secret");
  const auto one = custodians({"carl's"});
  CHECK(code_of(KeyFile::open(path, KeyLock(one, 2))) == ErrorCode::wrong_passphrase);
  // A file beside it is under the same lock; a new lock has the new form.
  auto beside = must(file.create_like(folder.path / "beside.set"));
  must(beside.put("root", view_of("2"), Rng::system()));
  CHECK(get(must(KeyFile::open(folder.path / "beside.set", KeyLock(two, 2)))) == "2");
  must(file.lock_anew(KeyLock(two, 2), kCheap, Rng::system()));
  CHECK(get(must(KeyFile::open(path, KeyLock(two, 2)))) == "the secret");
  CHECK(read_text(path).find("\nAwA") != std::string::npos);  // version 3
  CHECK(std::string(kVersion2).find("\nAgE") != std::string::npos);
}

TEST_CASE("numbers of custodians that make no sense are refused, and so is one passphrase twice") {
  const Folder folder;
  const auto refused = [&](const std::vector<Passphrase>& who, std::size_t threshold) {
    const auto made =
        KeyFile::create(folder.path / "k", KeyLock(who, threshold), kCheap, Rng::system());
    CHECK(code_of(made) == ErrorCode::invalid_argument);
    CHECK_FALSE(std::filesystem::exists(folder.path / "k"));
  };
  refused(custodians({"a", "b"}), 1);
  refused(custodians({"a", "b"}), 3);
  refused(custodians({"a"}), 2);
  refused(custodians({"a", ""}), 2);
  refused(custodians({"a", "b", "a"}), 2);
  std::vector<Passphrase> many;
  for (int i = 0; i < 17; ++i) many.emplace_back(std::to_string(i));
  refused(many, 2);
  many.pop_back();
  make(folder.path / "k", KeyLock(many, 16));
  CHECK(get(must(KeyFile::open(folder.path / "k", KeyLock(many, 16)))) == "the secret");
}

TEST_CASE("a file under one lock moves to another, and the old lock opens it no more") {
  const Folder folder;
  const auto path = folder.path / "keys.set";
  const Passphrase old("old");
  const auto some = custodians({"a", "b", "c"});
  const auto others = custodians({"d", "e"});
  const SimulatedToken token, stranger;
  make(path, old);
  must(must(KeyFile::open(path, old)).lock_anew(KeyLock(some, 2), kCheap, Rng::system()));
  CHECK(code_of(KeyFile::open(path, old)) == ErrorCode::wrong_passphrase);
  CHECK(get(must(KeyFile::open(path, KeyLock(some, 2)))) == "the secret");

  must(must(KeyFile::open(path, KeyLock(some, 2)))
           .lock_anew(KeyLock(others, 2), kCheap, Rng::system()));
  CHECK(code_of(KeyFile::open(path, KeyLock(some, 2))) == ErrorCode::wrong_passphrase);

  must(must(KeyFile::open(path, KeyLock(others, 2))).lock_anew(token, kCheap, Rng::system()));
  CHECK(get(must(KeyFile::open(path, token))) == "the secret");
  CHECK(code_of(KeyFile::open(path, stranger)) == ErrorCode::signature_failure);
  CHECK(code_of(KeyFile::open(path, old)) == ErrorCode::bad_config);
  CHECK(code_of(KeyFile::open(path, KeyLock(others, 2))) == ErrorCode::bad_config);

  auto file = must(KeyFile::open(path, token));
  must(file.put("more", view_of("another"), Rng::system()));
  must(file.lock_anew(old, kCheap, Rng::system()));
  CHECK(get(must(KeyFile::open(path, old))) == "the secret");
  CHECK(code_of(KeyFile::open(path, token)) == ErrorCode::bad_config);
}

TEST_CASE(
    "a file made like another opens with the same lock, and their entries cannot be swapped") {
  const Folder folder;
  const auto all = custodians({"a", "b", "c"});
  make(folder.path / "first", KeyLock(all, 2));
  const auto two = custodians({"a", "c"});
  const auto first = must(KeyFile::open(folder.path / "first", KeyLock(two, 2)));
  auto second = must(first.create_like(folder.path / "second"));
  must(second.put("root", view_of("the other secret"), Rng::system()));
  const auto others = custodians({"b", "c"});
  CHECK(get(must(KeyFile::open(folder.path / "second", KeyLock(others, 2)))) == "the other secret");
  CHECK(code_of(first.create_like(folder.path / "second")) == ErrorCode::conflict);
}

TEST_CASE("every changed character of a file with custodians is refused") {
  const Folder folder;
  const auto path = folder.path / "k";
  const auto all = custodians({"a", "b"});
  make(path, KeyLock(all, 2));
  const auto text = read_text(path);
  for (std::size_t i = 0; i < text.size(); i += 3) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == text) continue;
    std::ofstream(path, std::ios::trunc) << changed;
    // Characters 30 to 40 hold the costs: a changed one would ask for gigabytes.
    if (i >= 30 && i <= 40) continue;
    INFO("character " << i);
    CHECK_FALSE(KeyFile::open(path, KeyLock(all, 2)).has_value());
  }
}

}  // namespace set::test::locks
