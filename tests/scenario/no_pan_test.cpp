// The hunt: after purchases at trace level no file, log or recorded byte of merchant, CA or wire holds a
// card number, nor does the merchant's memory; and the gateway holds no order.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include "common/base/bytes.h"
#include "tests/scenario/figures.h"
#include "tests/support/test_pans.h"

using namespace set::test;
namespace fs = std::filesystem;

namespace {

std::string base64(const std::string& text) {
  auto out = set::to_base64url(set::view_of(text));
  std::ranges::replace(out, '-', '+');
  std::ranges::replace(out, '_', '/');
  return out;
}

std::string bcd(const std::string& digits) {
  auto even = digits.size() % 2 == 0 ? digits : "0" + digits;
  return set::string_of(*set::from_hex(even));
}

/// The number in every dress in which it might have slipped through. Base64 has three, by where the
/// number begins; their inner characters are the same wherever it stands.
std::vector<std::string> dresses(const std::string& number) {
  std::vector<std::string> out = {number, set::to_hex(set::view_of(number))};
  if (number == World::card("canary").number) out.push_back(bcd(number));
  std::string utf16;
  for (const char c : number) utf16 += std::string{c, '\0'};
  out.push_back(utf16);
  for (std::size_t shift = 0; shift < 3; ++shift) {
    const auto text = base64(std::string(shift, 'x') + number);
    out.push_back(text.substr(4, (text.size() / 4 - 2) * 4));
  }
  return out;
}

std::string memory_of(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::ifstream memory("/proc/" + std::to_string(pid) + "/mem", std::ios::binary);
  std::string out;
  for (std::string line; std::getline(maps, line);) {
    unsigned long long from = 0, to = 0;
    char access = 0;
    if (std::sscanf(line.c_str(), "%llx-%llx %c", &from, &to, &access) != 3 || access != 'r') continue;
    std::string region(to - from, '\0');
    memory.seekg(static_cast<std::streamoff>(from));
    memory.read(region.data(), static_cast<std::streamsize>(region.size()));
    if (memory) out += region;
    memory.clear();
  }
  return out;
}

void check_absent(const std::string& where, const std::string& content, const std::string& number) {
  for (const auto& dress : dresses(number)) {
    INFO(where << " holds a card number");
    CHECK(content.find(dress) == std::string::npos);
  }
}

void check_folder(const fs::path& folder, const std::string& number) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) check_absent(entry.path().string(), read_file(entry.path()), number);
  }
}

}  // namespace

TEST_CASE("no card number at the merchant, in any log or database, nor the order at the gateway") {
  World world;
  world.start_gateway({}, showing());
  world.start_merchant({}, showing());
  world.start_wallet({}, showing());
  for (const auto* behaviour : {"approve", "decline", "canary"}) {
    world.pay(world.order("12.50 EUR", "canary order ZEBRA-7341"), behaviour);
  }
  REQUIRE(world.json(world.set_gateway({"payments", "list", "--json"})).size() == 3);

  const auto memory = memory_of(world.merchant().pid());
  CHECK(memory.find("ZEBRA-7341") != std::string::npos);  // the hunt can find something
  for (const auto& card : kScenarioCards) {
    const std::string number = card.number;
    check_folder(world.home() / "merchant", number);
    check_folder(world.home() / "wallet", number);   // encrypted at rest
    check_folder(world.home() / "gateway", number);  // a keyed hash only
    for (const auto* log : {"merchant.log", "gateway.log", "wallet.log"}) {
      check_absent(log, read_file(world.home() / log), number);
      check_absent(std::string("figures of ") + log, Door(world.home() / log).text(), number);
    }
    check_absent("ca.log", read_file(enrolled_template() / "ca.log"), number);
    check_folder(enrolled_template() / "ca", number);
    check_absent("the merchant's memory", memory, number);
  }
  for (const auto& entry : fs::recursive_directory_iterator(world.home() / "gateway")) {
    if (entry.is_regular_file()) CHECK(read_file(entry.path()).find("ZEBRA-7341") == std::string::npos);
  }
  CHECK(read_file(world.home() / "gateway.log").find("ZEBRA-7341") == std::string::npos);
  CHECK(memory_of(world.gateway().pid()).find("ZEBRA-7341") == std::string::npos);
}
