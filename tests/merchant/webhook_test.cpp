// A webhook's request: its signature, against values of openssl and Python; where it may lead; when
// it is tried again.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include <catch2/generators/catch_generators.hpp>

#include "common/daemon/http_posts.h"
#include "merchant/webhook.h"
#include "merchant/webhook_url.h"
#include "tests/merchant/shop.h"
#include "tests/store/temporary_directory.h"

using namespace set;
using namespace set::merchant;
using namespace set::merchant::test;

namespace {

SecretBytes counting_secret() {
  Bytes out(32);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i);
  return SecretBytes::copy_of(out);
}

std::string why(const std::string& ip, bool https, const AllowedTargets& allowed = {}) {
  sockaddr_storage storage{};
  sockaddr_in in{};
  sockaddr_in6 in6{};
  if (::inet_pton(AF_INET, ip.c_str(), &in.sin_addr) == 1) {
    in.sin_family = AF_INET;
    std::memcpy(&storage, &in, sizeof in);
  } else {
    REQUIRE(::inet_pton(AF_INET6, ip.c_str(), &in6.sin6_addr) == 1);
    in6.sin6_family = AF_INET6;
    std::memcpy(&storage, &in6, sizeof in6);
  }
  const auto* out = why_refused(reinterpret_cast<const sockaddr&>(storage), https, allowed);
  return out == nullptr ? "" : out;
}

/// The code that docs/events.md shows in this language.
std::string documented_code(const std::string& language) {
  std::ifstream page(std::string(SET_SOURCE_DIR) + "/docs/events.md");
  std::ostringstream text;
  text << page.rdbuf();
  const auto all = text.str();
  const auto fence = "```" + language + "\n";
  const auto begin = all.find(fence);
  REQUIRE(begin != std::string::npos);
  const auto end = all.find("```", begin + fence.size());
  return all.substr(begin + fence.size(), end - begin - fence.size());
}

int exit_code_of(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a signature is that of Standard Webhooks") {
  std::vector<SecretBytes> secrets;
  secrets.push_back(counting_secret());
  const auto now = value_of(parse_instant("2025-11-27T10:40:00.999Z"));
  const std::string id = "evt_00112233445566778899aabbccddeeff";
  const std::string body = R"({"type":"order.paid"})";
  // printf '%s' "$id.1764240000.$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…
  // -binary | base64
  CHECK(sign_webhook(secrets, id, now, body) == "v1,/E26Y3KCdCbltjkmV3CXZ9VMo3iLcDTToX+FCZ2iLaw=");
  CHECK(secret_text(secrets[0].reveal()) == "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  // While a secret is being replaced both sign.
  secrets.push_back(SecretBytes::copy_of(Bytes(32, 0xff)));
  CHECK(sign_webhook(secrets, id, now, body) ==
        "v1,/E26Y3KCdCbltjkmV3CXZ9VMo3iLcDTToX+FCZ2iLaw= "
        "v1,TG+afH95mU1npjDvXsp40Sn4UdbdYHCpyhiInNI/+XY=");
  CHECK(secret_text(secrets[1].reveal()) == "whsec_//////////////////////////////////////////8=");
}

TEST_CASE("pauses double up to an hour, and no two webhooks keep step") {
  auto rng = Rng::seeded(7);
  const Duration first = std::chrono::seconds(5);
  for (std::int64_t failures = 1; failures <= 40; ++failures) {
    const auto whole = std::min<Duration>(first * (1LL << std::min<std::int64_t>(failures - 1, 20)),
                                          kMaxRetryPause);
    const auto pause = retry_pause(failures, first, kMaxRetryPause, rng);
    INFO(failures << ": " << pause.count());
    CHECK(pause >= whole * 4 / 5);
    CHECK(pause <= whole * 6 / 5);
  }
  for (const Duration longest : {Duration(std::chrono::hours(24 * 365)), Duration::max()}) {
    for (const auto failures : {std::int64_t{1}, std::int64_t{31}, INT64_MAX}) {
      const auto pause = retry_pause(failures, longest, kMaxRetryPause, rng);
      CHECK(pause >= kMaxRetryPause * 4 / 5);
      CHECK(pause <= kMaxRetryPause * 6 / 5);
    }
  }
  CHECK(retry_pause(INT64_MIN, first, kMaxRetryPause, rng) <= first * 6 / 5);
  CHECK(retry_pause(INT64_MAX, Duration(0), kMaxRetryPause, rng) == Duration(0));
  std::set<std::int64_t> seen;
  for (int i = 0; i < 50; ++i) seen.insert(retry_pause(3, first, kMaxRetryPause, rng).count());
  CHECK(seen.size() > 20);
}

TEST_CASE("webhooks do not lead where only this machine's network is") {
  for (const auto* ip : {"93.184.215.14", "10.0.0.7", "192.168.1.5", "2a00:1450::1"}) {
    INFO(ip);
    CHECK(why(ip, true).empty());
    CHECK_FALSE(why(ip, false).empty());
    CHECK(why(ip, false, {.plain_http = true}).empty());
  }
  for (const auto* ip : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"}) {
    INFO(ip);
    CHECK(why(ip, true).empty());
    CHECK(why(ip, false).empty());
  }
  for (const auto* ip :
       {"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1", "fe80::1", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1",
        "255.255.255.255", "ff02::1", "100.100.100.200", "192.0.0.192", "168.63.129.16",
        "fd20:ce::254"}) {
    INFO(ip);
    CHECK_FALSE(why(ip, true).empty());
    CHECK_FALSE(why(ip, true, {.plain_http = true}).empty());
    CHECK(why(ip, true, {.any_address = true}).empty());
  }
}

TEST_CASE("a URL that will not do is refused with a sentence") {
  const AllowedTargets strict, plain{.plain_http = true}, any{.any_address = true};
  for (const auto* url :
       {"https://shop.example/openset", "https://shop.example:8443/a?b=c", "https://10.0.0.7/",
        "http://127.0.0.1:8080/hook", "http://localhost:8080/hook", "http://[::1]:8080/"}) {
    INFO(url);
    CHECK(check_webhook_url(url, strict));
  }
  CHECK(check_webhook_url("http://shop.example/", plain));
  CHECK(check_webhook_url("https://169.254.169.254/latest", any));
  const auto too_long = "https://shop.example/" + std::string(2000, 'a');
  for (const auto& url :
       {std::string("http://shop.example/"), std::string("http://10.0.0.7/"),
        std::string("shop.example"), std::string("ftp://shop.example/"), std::string("https://"),
        std::string(""), std::string("https://user:secret@shop.example/"),
        std::string("https://user@shop.example/"), std::string("https://shop.example/#top"),
        std::string("https://shop .example/"), std::string("https://shop.example/\r\nx: y"),
        std::string("https://169.254.169.254/"), std::string("https://[fe80::1]/"),
        std::string("https://[::ffff:169.254.169.254]/"),
        std::string("https://0x7f000001.example:99999/"), std::string("file:///etc/passwd"),
        std::string("https://2852039166/"), std::string("https://0xA9FEA9FE/"), too_long}) {
    INFO(url);
    const auto refused = check_webhook_url(url, strict);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK(refused.error().detail.size() > 20);
  }
}

TEST_CASE("receivers that check as docs/events.md shows take what is ours, and nothing else") {
  struct Language {
    const char *name, *program, *before, *after;
  };
  // Exit code 0 for a good signature, 1 for a bad one.
  const auto language = GENERATE(
      Language{"sh", "sh", "SECRET=$1 ID=$2 TIMESTAMP=$3 SIGNATURE=$4 BODY=$5\nanswer=$(\n",
               "\n)\ntest \"$answer\" = good\n"},
      Language{"python", "python3", "",
               "\nimport sys\ns, i, t, g, b = sys.argv[1:]\n"
               "sys.exit(0 if is_good(s, i, t, g, b.encode()) else 1)\n"},
      Language{"js", "node", "",
               "\nconst [s, i, t, g, b] = process.argv.slice(2);\n"
               "process.exit(isGood(s, i, t, g, b) ? 0 : 1);\n"});
  INFO(language.name);
  if (exit_code_of(std::string("command -v ") + language.program + " > /dev/null") != 0)
    SKIP(language.program << " is not installed");
  set::test::TemporaryDirectory directory;
  const auto file = (directory.path() / "check.js").string();
  std::ofstream(file) << language.before << documented_code(language.name) << language.after;

  std::vector<SecretBytes> secrets;
  secrets.push_back(counting_secret());
  secrets.push_back(SecretBytes::copy_of(Bytes(32, 0xff)));
  const std::string id = "evt_00112233445566778899aabbccddeeff", body = R"({"type":"order.paid"})";
  const auto header = sign_webhook(secrets, id, from_millis(1'764'240'000'000), body);
  const auto check = [&](const std::string& secret, const std::string& at,
                         const std::string& signature, const std::string& content) {
    return exit_code_of(std::string(language.program) + " " + file + " '" + secret + "' " + id +
                        " " + at + " '" + signature + "' '" + content + "'");
  };
  const auto first = secret_text(secrets[0].reveal());
  CHECK(check(first, "1764240000", header, body) == 0);
  CHECK(check(secret_text(secrets[1].reveal()), "1764240000", header, body) == 0);
  CHECK(check(first, "1764240001", header, body) == 1);
  CHECK(check(first, "1764240000", header, body + " ") == 1);
  CHECK(check(first, "1764240000", header.substr(0, header.size() / 2 - 2), body) == 1);
  CHECK(check(secret_text(Bytes(32, 0x11)), "1764240000", header, body) == 1);
}
