// What `doctor` says about set-ups that are broken in one place each, with a real gateway behind
// TLS.
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "common/daemon/doctor.h"
#include "common/daemon/files.h"
#include "common/daemon/openssl_types.h"
#include "common/daemon/run.h"
#include "common/daemon/server.h"
#include "gateway/schema.h"
#include "tests/gateway/world.h"
#include "tests/store/temporary_directory.h"
#include "tests/support/databases.h"

namespace set::gateway::test {
namespace {

using set::test::TemporaryDirectory;
using namespace std::chrono_literals;

const bool kTls13 = (require_tls13(), true);

Server serve(Service& service, const TlsIdentity& tls) {
  REQUIRE(kTls13);
  return value_of(
      Server::start({.listen = value_of(ListenAddress::parse("127.0.0.1:0")),
                     .credentials = server_credentials(tls, ClientCertificate::required),
                     .services = {&service}}));
}

const Finding& first_bad(const Examination& examination) {
  INFO(text_of(examination));
  const auto& findings = examination.findings();
  const auto bad = std::ranges::find(findings, Finding::Kind::bad, &Finding::kind);
  REQUIRE(bad != findings.end());
  CHECK_FALSE(bad->fix.empty());
  return *bad;
}

// One thing is wrong: this is its class, and it is said in these words.
void expect(const Examination& examination, int exit, std::string_view words) {
  const auto& bad = first_bad(examination);
  INFO(text_of(examination));
  CHECK(exit_code(bad.code) == exit);
  CHECK(bad.says.find(words) != std::string::npos);
}

// A merchant that examines the gateway.
struct Visit {
  World world;
  TlsIdentity own = world.merchant.tls();
  TlsIdentity tls = world.gateway.tls();
  std::string brand{kBrand};
  PartyRole role = PartyRole::gateway;
  Duration our_clock = {};
  std::shared_ptr<const Trust> trust = world.pki.trust();

  Examination examine(const std::string& address) const {
    Examination examination;
    const auto clock = [this] { return system_clock()() + our_clock; };
    examine_peer(examination, {trust, &own, brand, clock}, role, address);
    return examination;
  }
  Examination examine() {
    world.now = system_clock()();
    const auto server = serve(*world.service, tls);
    return examine(server.address());
  }
};

// A server of the time before TLS 1.3, for two connections.
class OldServer {
 public:
  explicit OldServer(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_set_max_proto_version(context_.get(), TLS1_2_VERSION);
    const auto chain = openssl::certificates_of(identity.chain_pem);
    const auto bio = openssl::bio_of(identity.private_key_pem.reveal());
    const openssl::Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    REQUIRE(SSL_CTX_use_certificate(context_.get(), chain.front().get()) == 1);
    REQUIRE(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
    accept_.reset(BIO_new_accept("127.0.0.1:0"));
    REQUIRE(BIO_do_accept(accept_.get()) == 1);
    address_ = std::string("127.0.0.1:") + BIO_get_accept_port(accept_.get());
    thread_ = std::thread([this] { run(); });
  }
  ~OldServer() { thread_.join(); }
  const std::string& address() const { return address_; }

 private:
  void run() {
    for (int i = 0; i < 2; ++i) {
      if (BIO_do_accept(accept_.get()) != 1) return;
      const openssl::Connection connection(SSL_new(context_.get()));
      auto* tcp = BIO_pop(accept_.get());
      SSL_set_bio(connection.get(), tcp, tcp);
      SSL_accept(connection.get());
    }
  }
  openssl::Context context_;
  openssl::Bio accept_;
  std::string address_;
  std::thread thread_;
};

// An enrolled directory.
struct Home {
  TemporaryDirectory temporary;
  std::filesystem::path directory = temporary.path() / "merchant";
  std::filesystem::path passphrase = temporary.path() / "passphrase";
  TestParty party = TestPki::get().merchant();
  Duration our_clock = {};

  Home() {
    value_of(write_file_atomically(passphrase, std::string_view("correct horse\n")));
    value_of(Identity::save(directory, party.identity(), Passphrase(std::string("correct horse")),
                            Rng::system()));
  }
  Examination examine() const {
    Examination examination;
    const KeySource source{{passphrase, std::nullopt}, {}, {}};
    examine_identity(examination, directory, source, system_clock()() + our_clock);
    return examination;
  }
  void replace(const char* file, std::string_view content) const {
    value_of(write_file_atomically(directory / file, content));
  }
};

}  // namespace

TEST_CASE("doctor finds nothing wrong with a gateway that is as it should be") {
  Visit visit;
  const auto examination = visit.examine();
  const auto text = text_of(examination);
  INFO(text);
  CHECK(examination.all_good());
  for (const auto* seen : {"TLSv1.3", "TLS_AES", "gateway 400000/gateway-1 of OpenSET", "localhost",
                           "its clock is ", "signs its answers", "thumbprint"}) {
    CAPTURE(seen);
    CHECK(text.find(seen) != std::string::npos);
  }
  CHECK(visit.world.store.list(10)->empty());
}

TEST_CASE("doctor tells what stands between us and a peer") {
  Visit visit;
  SECTION("no such name") { expect(visit.examine("no-such-host.invalid:1"), 4, "no host name"); }
  SECTION("nobody there") { expect(visit.examine("127.0.0.1:1"), 4, "nothing listens"); }
  SECTION("no address") { expect(visit.examine("gateway"), 2, "no address"); }
  SECTION("a port without TLS") {
    const auto admin = value_of(Server::start_admin(value_of(ListenAddress::parse("127.0.0.1:0"))));
    expect(visit.examine(admin.address()), 4, "no TLS 1.3");
  }
  SECTION("a server that speaks only TLS 1.2") {
    const OldServer old(visit.tls);
    expect(visit.examine(old.address()), 4, "TLS 1.2 but not TLS 1.3");
  }
  SECTION("another transport root") {
    const auto other = TestPki::make(kBrand, system_clock()(), Rng::system());
    visit.trust = other.trust();
    expect(visit.examine(), 5, "not issued under our transport root");
  }
  SECTION("a TLS certificate that has expired") {
    visit.our_clock = std::chrono::hours(8 * 24);
    expect(visit.examine(), 5, "TLS certificate expired on");
  }
  SECTION("a TLS certificate of tomorrow") {
    visit.our_clock = -std::chrono::hours(24);
    expect(visit.examine(), 5, "valid only from");
  }
  SECTION("a certificate for another name") {
    visit.tls = visit.world.pki.gateway("gateway-1", {"gw.example", "192.0.2.7"}).tls();
    expect(visit.examine(), 5, "is for gw.example, 192.0.2.7, not for 127.0.0.1");
  }
  SECTION("a merchant's port") {
    visit.tls = visit.world.merchant.tls();
    expect(visit.examine(), 5, "no gateway but a merchant");
  }
  SECTION("a gateway of another brand") {
    visit.brand = "Other";
    expect(visit.examine(), 5, "of the brand OpenSET, and we are of Other");
  }
  SECTION("an own certificate of a role that may not call it") {
    visit.own = visit.world.other_gateway.tls();
    expect(visit.examine(), 5, "does not let us");
  }
  SECTION("messages of another party than the TLS certificate's") {
    visit.tls = visit.world.other_gateway.tls();
    expect(visit.examine(), 5, "another party than its TLS");
  }
}

TEST_CASE("doctor measures the peer's clock against ours") {
  for (const auto off : {Duration(3min), Duration(-3min), Duration(20min)}) {
    Visit visit;
    const auto server = serve(*visit.world.service, visit.tls);
    visit.world.now = system_clock()() + off;
    const auto examination = visit.examine(server.address());
    expect(examination, 5, off > 0ms ? "ahead of ours" : "behind ours");
    CHECK(first_bad(examination).says.find("its clock is ") != std::string::npos);
  }
}

TEST_CASE("doctor finds nothing wrong with an enrolled directory") {
  const Home home;
  const auto examination = home.examine();
  const auto text = text_of(examination);
  INFO(text);
  CHECK(examination.all_good());
  CHECK(text.find(TestPki::get().root_fingerprint()) != std::string::npos);
  CHECK(text.find(home.party.party->signature->leaf.thumbprint().hex()) != std::string::npos);
  CHECK(text.find("holds key-exchange signature tls") != std::string::npos);
  CHECK(json_of(examination).find("\"ok\": true") != std::string::npos);
}

TEST_CASE("doctor tells what is wrong with a directory") {
  Home home;
  SECTION("a wrong passphrase") {
    value_of(write_file_atomically(home.passphrase, std::string_view("wrong\n")));
    expect(home.examine(), 3, "passphrase");
  }
  SECTION("no passphrase") {
    std::filesystem::remove(home.passphrase);
    expect(home.examine(), 3, home.passphrase.string());
  }
  SECTION("a passphrase that others may read") {
    REQUIRE(::chmod(home.passphrase.c_str(), 0644) == 0);
    expect(home.examine(), 3, home.passphrase.string());
  }
  SECTION("a directory that others may enter") {
    REQUIRE(::chmod(home.directory.c_str(), 0755) == 0);
    expect(home.examine(), 3, home.directory.string());
  }
  SECTION("keys that others may read") {
    REQUIRE(::chmod((home.directory / "keys.set").c_str(), 0640) == 0);
    expect(home.examine(), 3, "keys.set");
  }
  SECTION("no keys") {
    std::filesystem::remove(home.directory / "keys.set");
    expect(home.examine(), 3, "there is no");
  }
  SECTION("no directory") {
    home.directory /= "nowhere";
    expect(home.examine(), 3, "nowhere");
  }
  SECTION("a certificate of other keys") {
    home.replace("signature.pem", chain_pem(*TestPki::get().merchant().party->signature));
    expect(home.examine(), 3, "does not belong to this certificate");
  }
  SECTION("a certificate that is none") {
    home.replace("signature.pem", "nothing\n");
    expect(home.examine(), 3, "signature.pem");
  }
  SECTION("a missing issuer") {
    home.replace("signature.pem", home.party.party->signature->leaf.pem());
    expect(home.examine(), 5, "");
  }
  SECTION("the trust of another CA") {
    const auto other = TestPki::make(kBrand, system_clock()(), Rng::system());
    home.replace("trust.pem", other.trust_pem());
    expect(home.examine(), 5, "");
  }
  SECTION("a trust file that is none") {
    home.replace("trust.pem", "nothing\n");
    expect(home.examine(), 9, "trust.pem");
  }
  SECTION("a TLS certificate that has expired") {
    home.our_clock = std::chrono::hours(8 * 24);
    expect(home.examine(), 5, "tls.pem");
  }
  SECTION("certificates that have expired") {
    home.our_clock = std::chrono::hours(400 * 24);
    const auto examination = home.examine();
    expect(examination, 5, "");
    CHECK(first_bad(examination).about == "signature.pem");
  }
}

TEST_CASE("doctor looks at a database without changing it") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "gateway.db";
  const auto url = "sqlite:" + file.string();
  const int newest = kMigrations.back().number;
  bool usable = true;
  const auto examine = [&](int number) {
    Examination examination;
    usable = examine_database(examination, url, number);
    return examination;
  };
  CHECK(examine(newest).all_good());
  CHECK_FALSE(usable);
  CHECK_FALSE(std::filesystem::exists(file));

  const auto store = value_of(Store::open(url, DatabaseUse::daemon));  // which goes on running
  CHECK(examine(newest).all_good());
  CHECK(usable);
  CHECK(text_of(examine(newest)).find("schema " + std::to_string(newest)) != std::string::npos);
  CHECK(text_of(examine(newest + 1)).find("brought up to date") != std::string::npos);
  CHECK_FALSE(usable);  // whoever opens a store on it would bring it up to date
  expect(examine(newest - 1), 3, "newer than this program's");
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  expect(examine(newest), 3, "gateway.db");
}

TEST_CASE("doctor looks at a PostgreSQL server too", "[postgres]") {
  const auto url = set::test::postgres_url();
  const int newest = kMigrations.back().number;
  const auto examine = [&](const std::string& at) {
    Examination examination;
    examine_database(examination, at, newest);
    return examination;
  };
  expect(examine(url), 3, "fsync is off");  // of the server for tests; the worst must be said
  CHECK(text_of(examine(url)).find("PostgreSQL 1") != std::string::npos);
  CHECK(text_of(examine(url)).find("without TLS") != std::string::npos);
  CHECK(text_of(examine(url)).find("has no schema of ours") != std::string::npos);
  const auto store = value_of(Store::open(url, DatabaseUse::daemon));
  CHECK(text_of(examine(url)).find("schema " + std::to_string(newest)) != std::string::npos);
  expect(examine("postgresql://set@/set?host=/nonexistent"), 3, "cannot use the database set");
  expect(examine("postgresql://set:secret@/set?host=/nonexistent"), 3, "passfile");
}

TEST_CASE("doctor says so when the database is no database") {
  const TemporaryDirectory directory;
  const auto file = directory.path() / "gateway.db";
  value_of(write_file_atomically(file, std::string_view(std::string(8192, 'x'))));
  Examination examination;
  examine_database(examination, "sqlite:" + file.string(), 1);
  expect(examination, 3, "");
}

TEST_CASE("a name in a certificate cannot steer the terminal") {
  Examination examination;
  examination.note("peer", "name \x1b[2J\nok    peer: all is well");
  CHECK(text_of(examination).find('\x1b') == std::string::npos);
  CHECK(std::ranges::count(text_of(examination), '\n') == 1);
}

}  // namespace set::gateway::test
