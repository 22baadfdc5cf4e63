// Who may call what: the table against the services as they are, and real servers against callers
// of every kind.
#include <atomic>
#include <map>

#include <grpcpp/generic/generic_stub.h>

#include "common/daemon/access.h"
#include "common/daemon/audit_keeper.h"
#include "common/daemon/client.h"
#include "common/daemon/healthcheck.h"
#include "common/daemon/server.h"
#include "set/v1/local.pb.h"
#include "set/v1/services.grpc.pb.h"
#include "tests/daemon/transport.h"

namespace set {
namespace {

namespace wire = set::v1;
using namespace std::chrono_literals;
using google::protobuf::FileDescriptor;
using test::code_of;
using test::must;

std::vector<std::string> methods_of(const FileDescriptor& file) {
  std::vector<std::string> out;
  for (int i = 0; i < file.service_count(); ++i) {
    const auto& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      out.push_back("/" + service.full_name() + "/" + service.method(j)->name());
    }
  }
  return out;
}

std::optional<PartyName> caller(PartyRole role) { return PartyName{role, "OpenSET Test", "x"}; }

// Which of the callers a method lets in: "nobody merchant gateway ca".
std::string let_in(const std::string& method) {
  std::string out;
  if (check_access(method, std::nullopt)) out += "nobody ";
  for (const auto role : {PartyRole::merchant, PartyRole::gateway, PartyRole::ca}) {
    if (check_access(method, caller(role))) out += std::string(to_string(role)) + " ";
  }
  return out;
}

// Takes one message and one list of certificates at every door, and counts.
template <class Base>
class Doors : public Base {
 public:
  std::atomic<int> calls = 0;

  grpc::Status FetchCertificates(grpc::ServerContext*, const wire::FetchCertificatesRequest*,
                                 wire::FetchCertificatesResponse*) override {
    ++calls;
    return grpc::Status::OK;
  }
};
using Shop = Doors<wire::MerchantService::Service>;
using Gateway = Doors<wire::GatewayService::Service>;

class Registration : public wire::CertificateAuthorityService::Service {
 public:
  std::atomic<int> calls = 0;
  grpc::Status CardCInit(grpc::ServerContext*, const wire::MessageWrapper*,
                         wire::MessageWrapper*) override {
    ++calls;
    return grpc::Status::OK;
  }
  grpc::Status Cert(grpc::ServerContext*, const wire::MessageWrapper*,
                    wire::MessageWrapper*) override {
    ++calls;
    return grpc::Status::OK;
  }
};

Server serve(grpc::Service& service, ClientCertificate client) {
  static const TlsIdentity identity = test::transport_root().issue("ca", "set-ca");
  auto server = must(Server::start({.listen = must(ListenAddress::parse("127.0.0.1:0")),
                                    .credentials = server_credentials(identity, client),
                                    .services = {&service}}));
  server.set_serving(true);
  return server;
}

// Calls by name, with a request that is no protobuf at all.
Result<void> call_named(const Server& server, const std::string& method,
                        std::shared_ptr<grpc::ChannelCredentials> credentials,
                        std::string_view request = "") {
  grpc::GenericStub stub(make_channel(server.address(), std::move(credentials)));
  grpc::ClientContext context;
  set_deadline(context, 5s);
  const grpc::Slice slice(request.data(), request.size());
  const grpc::ByteBuffer bytes(&slice, 1);
  grpc::ByteBuffer answer;
  grpc::Status status;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, bytes, &queue);
  call->StartCall();
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (!status.ok()) return failure(error_of(status, server.address()));
  return {};
}

// Everybody who could come: name, and what they show.
std::map<std::string, std::shared_ptr<grpc::ChannelCredentials>> visitors() {
  const auto& root = test::transport_root();
  auto foreign = test::other_transport_root().issue("merchant", "400000/shop-1", {});
  foreign.root_pem = root.pem;
  return {
      {"nobody", channel_credentials(root.pem)},
      {"merchant", channel_credentials(root.issue("merchant", "400000/shop-1", {}))},
      {"gateway", channel_credentials(root.issue("gateway", "400000/gateway-1", {}))},
      {"ca", channel_credentials(root.issue("ca", "set-ca", {}))},
      {"a stranger with a certificate", channel_credentials(root.issue("printer", "p-1", {}))},
      {"an expired merchant",
       channel_credentials(root.issue("merchant", "400000/shop-1", {}, -1s))},
      {"a merchant of another CA", channel_credentials(foreign)},
  };
}

// Who got through; who was told that it may not is "(…)", who had no connection is left out.
std::string who_gets_in(const Server& server, const std::string& method) {
  std::string in, told;
  for (const auto& [name, credentials] : visitors()) {
    const auto called = call_named(server, method, credentials);
    if (called) in += name + ". ";
    if (!called && called.error().code == ErrorCode::permission_denied) told += name + ". ";
  }
  return in + "(" + told + ")";
}

}  // namespace

TEST_CASE("every method of our services has one row, and every row is of a method") {
  const auto methods = methods_of(*wire::FetchCertificatesRequest::descriptor()->file());
  CHECK(methods.size() >= 19);
  for (const auto& method : methods) {
    CAPTURE(method);
    CHECK(std::ranges::count(access_table(), method, &MethodAccess::method) == 1);
    CHECK_FALSE(let_in(method).empty());
  }
  for (const auto& row : access_table()) {
    CAPTURE(row.method);
    CHECK(std::ranges::count(methods, row.method) == 1);
  }
}

TEST_CASE("the gateway's methods are merchants', the shop's are wallets', no method is a CA's") {
  for (const auto& row : access_table()) {
    const std::string method(row.method);
    CAPTURE(method);
    const auto in = let_in(method);
    CHECK(in.find("ca") == std::string::npos);
    if (method.find(".GatewayService/") != std::string::npos) CHECK(in == "merchant ");
    if (method.find(".MerchantService/") != std::string::npos) CHECK(in == "nobody ");
  }
}

TEST_CASE("what stands in no row is nobody's: the wallet's own service, health, what is made up") {
  auto methods = methods_of(*wire::PublicKeyRequest::descriptor()->file());
  REQUIRE_FALSE(methods.empty());
  for (const char* other :
       {"/grpc.health.v1.Health/Check", "/set.v1.GatewayService/Nothing", "", "/",
        "/set.v1.gatewayservice/Authorize", "Authorize", "/set.v1.GatewayService/Authorize/"}) {
    methods.emplace_back(other);
  }
  for (const auto& method : methods) {
    CAPTURE(method);
    CHECK(let_in(method).empty());
  }
}

TEST_CASE("a port with mutual TLS lets in the roles of its rows") {
  Gateway gateway;
  const auto server = serve(gateway, ClientCertificate::required);
  CHECK(who_gets_in(server, "/set.v1.GatewayService/FetchCertificates") ==
        "merchant. (a stranger with a certificate. ca. gateway. )");
  CHECK(gateway.calls == 1);
}

TEST_CASE("a port for those without certificate takes none of a wrong role, root or date") {
  Shop shop;
  const auto at_shop = serve(shop, ClientCertificate::optional);
  CHECK(who_gets_in(at_shop, "/set.v1.MerchantService/FetchCertificates") ==
        "nobody. (a stranger with a certificate. ca. gateway. merchant. )");
  CHECK(shop.calls == 1);

  Registration registration;
  const auto at_ca = serve(registration, ClientCertificate::optional);
  CHECK(who_gets_in(at_ca, "/set.v1.CertificateAuthorityService/Cert") ==
        "gateway. merchant. nobody. (a stranger with a certificate. ca. )");
  CHECK(who_gets_in(at_ca, "/set.v1.CertificateAuthorityService/CardCInit") ==
        "nobody. (a stranger with a certificate. ca. gateway. merchant. )");
  CHECK(registration.calls == 4);
}

TEST_CASE("a refused call is not even parsed, and an API port knows no health") {
  Gateway gateway;
  const auto server = serve(gateway, ClientCertificate::required);
  const auto& root = test::transport_root();
  const auto as_gateway = channel_credentials(root.issue("gateway", "400000/gateway-1", {}));
  const auto as_merchant = channel_credentials(root.issue("merchant", "400000/shop-1", {}));
  const std::string garbage("\xff\xff\xff no protobuf");
  const std::string fetch = "/set.v1.GatewayService/FetchCertificates";
  CHECK(code_of(call_named(server, fetch, as_gateway, garbage)) == ErrorCode::permission_denied);
  CHECK(code_of(call_named(server, fetch, as_merchant, garbage)) == ErrorCode::peer_unavailable);
  for (const auto* method : {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
                             "/set.v1.GatewayService/Nothing", "/set.v1.WalletService/Confirm"}) {
    CAPTURE(method);
    CHECK(code_of(call_named(server, method, as_merchant)) == ErrorCode::permission_denied);
  }
  CHECK(gateway.calls == 0);
}

TEST_CASE("refused calls stand in the audit log with start and stop, one entry for all of a kind") {
  static constexpr std::array<Migration, 2> kSchema{
      {{1, audit::kChainSchema}, {2, audit::kInboxSchema}}};
  auto database = must(Database::open("sqlite::memory:"));
  must(database.migrate(kSchema));
  Gateway gateway;
  const auto server = serve(gateway, ClientCertificate::required);
  const auto as_gateway =
      channel_credentials(test::transport_root().issue("gateway", "400000/gateway-1", {}));
  audit::CallCounts counts;
  const auto head = std::make_shared<CurrentAuditHead>();
  {
    const auto keeper = must(AuditKeeper::start({database, system_clock(), head}, Party{}));
    CHECK(head->get().has_value());
    keeper->watch(counts);
    for (int i = 0; i < 5; ++i)
      CHECK_FALSE(call_named(server, "/set.v1.GatewayService/Authorize", as_gateway));
    CHECK_FALSE(call_named(server, "/set.v1.GatewayService/No\nSuch", as_gateway));
  }
  CHECK_FALSE(call_named(server, "/set.v1.GatewayService/Authorize", as_gateway));  // nobody watches
  std::vector<std::string> log;
  AuditChain chain;
  must(audit::for_each_record(database, 0, [&](const AuditRecord& record) -> Result<void> {
    log.push_back(record.entry);
    return chain.accept(record);
  }));
  CHECK(head->get() == chain.head());
  REQUIRE(log.size() >= 4);
  CHECK(field_of(log.front(), "event") == "start");
  std::int64_t calls = 0, unknown = 0;
  for (const auto& entry : log) {
    if (field_of(entry, "event") != "refused call") continue;
    CHECK(field_of(entry, "caller") == "gateway OpenSET Test/400000/gateway-1");
    const auto at = entry.find("\"count\":");
    REQUIRE(at != std::string::npos);
    const auto count = std::stoll(entry.substr(at + 8));
    (field_of(entry, "subject") == "unknown" ? unknown : calls) += count;
  }
  CHECK(calls == 5);
  CHECK(unknown == 1);  // a name that is not ours is the caller's word
  CHECK(std::ranges::any_of(log, [](const auto& entry) { return field_of(entry, "event") == "stop"; }));
}

TEST_CASE("a client learns whom the server's TLS certificate names") {
  Shop shop;
  const auto server = serve(shop, ClientCertificate::optional);
  using Stub = wire::MerchantService::Stub;
  Stub stub(make_channel(server.address(), channel_credentials(test::transport_root().pem)));
  const auto answered =
      must(call_party(stub, &Stub::FetchCertificates, wire::FetchCertificatesRequest(),
                      server.address(), Duration(5s)));
  CHECK(answered.by == PartyName{PartyRole::ca, "OpenSET Test", "set-ca"});
}

TEST_CASE("a channel of the moment shows the certificate of the moment") {
  Gateway gateway;
  const auto server = serve(gateway, ClientCertificate::required);
  const auto& root = test::transport_root();
  const auto share = [](TlsIdentity identity) {
    return std::make_shared<const TlsIdentity>(std::move(identity));
  };
  auto mine = share(root.issue("gateway", "400000/gateway-1", {}));
  const auto channel =
      live_channel(server.address(), Current<const TlsIdentity>([&mine] { return mine; }));
  using Stub = wire::GatewayService::Stub;
  const auto asked = [&] {
    Stub stub(channel());
    return call(stub, &Stub::FetchCertificates, wire::FetchCertificatesRequest(), server.address(),
                Duration(5s));
  };
  CHECK(code_of(asked()) == ErrorCode::permission_denied);
  CHECK(channel() == channel());
  mine = share(root.issue("merchant", "400000/shop-1", {}));
  CHECK(asked().has_value());
}

}  // namespace set
