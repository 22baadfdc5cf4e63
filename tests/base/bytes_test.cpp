#include "common/base/bytes.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace set {
namespace {

TEST_CASE("base64url is that of RFC 4648 without padding") {
  const auto [plain, text] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"f", "Zg"},
      {"fo", "Zm8"},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"},
      {"foobar", "Zm9vYmFy"},
      {"\xfb\xff\xfe", "-__-"},
  }));
  CHECK(to_base64url(view_of(plain)) == text);
  CHECK(string_of(*from_base64url(text)) == plain);
}

TEST_CASE("base64url that has a second spelling is refused") {
  // Padding, white space, the other alphabet, bits that mean nothing, a length that cannot be.
  const std::string text =
      GENERATE("Zg==", "Zg=", " Zg", "Zg\n", "+//+", "Zh", "Zm9", "Z", "Zm9vZ", "Zg\0");
  CHECK_FALSE(from_base64url(text == "Zg" ? std::string("Zg\0", 3) : text));
}

TEST_CASE("hex is written in lower case and read in either") {
  CHECK(to_hex(Bytes{0x00, 0x0a, 0xff}) == "000aff");
  CHECK(*from_hex("000aFF") == Bytes{0x00, 0x0a, 0xff});
  CHECK(from_hex("")->empty());
  CHECK_FALSE(from_hex(GENERATE("0", "000", "0g", " 0", "0x00", "0\n")));
}

TEST_CASE("bytes cross into strings and back") {
  const Bytes bytes{0, 1, 0xff, 0};
  CHECK(bytes_of(view_of(string_of(bytes))) == bytes);
  CHECK(concat({bytes, {}, bytes}).size() == 8);
  CHECK(concat({}).empty());
}

TEST_CASE("bytes are equal if their lengths and values are") {
  CHECK(equal(Bytes{1, 2}, Bytes{1, 2}));
  CHECK(equal(Bytes{}, Bytes{}));
  CHECK_FALSE(equal(Bytes{1, 2}, Bytes{1, 2, 3}));
  CHECK_FALSE(equal(Bytes{1, 2}, Bytes{1, 3}));
}

}  // namespace
}  // namespace set
