// The house keeps its own rules: who may include whom (docs/architecture.md), which words stay out,
// and that docs/messages.md tells the truth. Reads the source tree as text.
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/pan.h"

namespace fs = std::filesystem;

namespace {

const fs::path kRoot = SET_SOURCE_DIR;
const std::vector<std::string> kRooms = {"wallet", "merchant", "gateway", "ca"};

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> files_under(const std::vector<std::string>& folders, const std::set<std::string>& endings) {
  std::vector<fs::path> out;
  for (const auto& folder : folders) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const bool generated = entry.path().string().find("node_modules") != std::string::npos;
      if (entry.is_regular_file() && !generated && endings.contains(entry.path().extension().string())) {
        out.push_back(fs::relative(entry.path(), kRoot));
      }
    }
  }
  std::ranges::sort(out);
  return out;
}

std::vector<fs::path> sources() {
  return files_under({"common", "wallet", "merchant", "gateway", "ca", "deploy"}, {".h", ".cpp"});
}

std::vector<std::string> includes_of(const std::string& text) {
  std::vector<std::string> out;
  static const std::regex line(R"re(^\s*#include\s+[<"]([^>"]+)[>"])re", std::regex::multiline);
  for (std::sregex_iterator it(text.begin(), text.end(), line), end; it != end; ++it) out.push_back((*it)[1]);
  return out;
}

std::string first_folder(const fs::path& path) { return path.begin()->string(); }
std::string second_folder(const fs::path& path) { return (++path.begin())->string(); }

/// Rooms of common that a room of common may include, beside itself.
const std::map<std::string, std::set<std::string>> kCommonMay = {
    {"base", {}},
    {"crypto", {"base"}},
    {"message", {"base", "crypto"}},
    {"store", {"base"}},
    {"iso8583", {"base", "crypto", "message"}},
    {"sandbox", {"base", "crypto", "message", "iso8583", "store"}},
    {"audit", {"base", "crypto", "message", "store"}},
    {"daemon", {"base", "crypto", "message", "store", "audit"}},
    {"enrollment", {"base", "crypto", "message", "store", "daemon"}},
};

/// The only folders that may include what starts with this.
const std::map<std::string, std::set<std::string>> kLibraries = {
    {"botan/", {"common/crypto"}},
    {"p11-kit/", {"common/crypto"}},
    {"sqlite3.h", {"common/store"}},
    {"libpq-fe.h", {"common/store"}},
    {"spdlog/", {"common/base"}},
};

bool outside_file(const std::string& stem) {
  static const std::vector<std::string> names = {"main", "config", "service", "store"};
  const bool named = std::ranges::any_of(names, [&](const auto& name) { return stem.starts_with(name); });
  return named || stem.ends_with("_client");
}

}  // namespace

TEST_CASE("rooms include common and themselves, never each other") {
  for (const auto& path : sources()) {
    const auto room = first_folder(path);
    for (const auto& include : includes_of(read(kRoot / path))) {
      const auto target = fs::path(include).begin()->string();
      const bool other_room = std::ranges::find(kRooms, target) != kRooms.end() && target != room;
      INFO(path.string() << " includes " << include);
      CHECK_FALSE(other_room);
    }
  }
}

TEST_CASE("the shared rooms keep their order") {
  for (const auto& path : sources()) {
    if (first_folder(path) != "common") continue;
    const auto own = second_folder(path);
    INFO("docs/architecture.md knows no common/" << own);
    REQUIRE(kCommonMay.contains(own));
    for (const auto& include : includes_of(read(kRoot / path))) {
      if (!include.starts_with("common/")) continue;
      const auto target = second_folder(include);
      INFO(path.string() << " includes " << include);
      CHECK((target == own || kCommonMay.at(own).contains(target)));
    }
  }
}

TEST_CASE("libraries are included where they belong") {
  for (const auto& path : sources()) {
    for (const auto& include : includes_of(read(kRoot / path))) {
      for (const auto& [library, folders] : kLibraries) {
        if (!include.starts_with(library)) continue;
        INFO(path.string() << " includes " << include);
        CHECK(std::ranges::any_of(folders, [&](const auto& f) { return path.string().starts_with(f); }));
      }
    }
  }
}

TEST_CASE("pure files of a room reach neither gRPC nor SQL nor the daemon") {
  // Which files are pure is said once: the sources of the target <room>_core.
  for (const auto& room : kRooms) {
    const auto cmake = read(kRoot / room / "CMakeLists.txt");
    const std::regex core(R"re(add_library\(\s*)re" + room + R"re(_core\s+(?:STATIC\s+)?([^)]*)\))re");
    std::smatch match;
    INFO(room << "/CMakeLists.txt has no " << room << "_core");
    REQUIRE(std::regex_search(cmake, match, core));
    std::istringstream words(match[1].str());
    for (std::string file; words >> file;) {
      if (!file.ends_with(".cpp")) continue;
      CHECK_FALSE(outside_file(fs::path(file).stem().string()));
      for (const auto& include : includes_of(read(kRoot / room / file))) {
        INFO(room << "/" << file << " includes " << include);
        CHECK_FALSE((include.starts_with("grpc") || include.starts_with("common/daemon/") ||
                     include.starts_with("common/store/") || include.ends_with(".grpc.pb.h") ||
                     include == "fstream" || include == "filesystem"));
      }
    }
  }
}

TEST_CASE("docs/states.md shows the tables of states as their headers have them") {
  const auto page = "\n" + read(kRoot / "docs/states.md");
  std::size_t tables = 0;
  for (const auto& path : sources()) {
    const auto name = path.filename().string();
    if (!name.ends_with("_state.h") && name != "payment_item.h") continue;
    std::istringstream lines(read(kRoot / path));
    for (std::string line; std::getline(lines, line) && line.starts_with("//");) {
      if (!line.starts_with("//  ")) continue;
      if (line.starts_with("//  state ")) ++tables;
      INFO(path.string() << ": " << line);
      CHECK(page.find("\n" + line.substr(4) + "\n") != std::string::npos);
    }
  }
  CHECK(tables == 9);
}

TEST_CASE("words that stay out of the code") {
  const std::vector<std::pair<std::regex, std::string>> banned = {
      {std::regex(R"(using namespace std;)"), "there is a std::set"},
      {std::regex(R"(\b(TODO|FIXME|XXX|HACK)\b)"), "an issue, or done"},
      {std::regex(R"(\bDebugString\(|ShortDebugString\()"), "prints every field"},
      {std::regex(R"(\brand\(\)|\bsrand\(|std::mt19937)"), "randomness comes from Rng"},
      {std::regex(R"(std::regex)"), "input is parsed by hand, within limits"},
  };
  for (const auto& path : sources()) {
    const auto text = read(kRoot / path);
    for (const auto& [word, why] : banned) {
      INFO(path.string() << ": " << why);
      CHECK_FALSE(std::regex_search(text, word));
    }
  }
}

TEST_CASE("people are asked and talked to in one place, so that --no-input and --quiet hold") {
  const std::set<std::string> may_ask = {"common/daemon/terminal.cpp", "common/daemon/passphrase.cpp"};
  // Errors, the log, and the last words of a library or of a bug.
  const std::set<std::string> may_write = {"common/daemon/terminal.cpp", "common/daemon/run.cpp",
                                           "common/daemon/handshakes.cpp", "common/base/log.cpp",
                                           "common/base/assert.cpp"};
  static const std::regex asks(R"re(std::cin\b|\bstdin\b|STDIN_FILENO|/dev/tty|\bgetpass\()re");
  static const std::regex writes(R"re(\bstderr\b|std::cerr|std::clog)re");
  for (const auto& path : sources()) {
    const auto text = read(kRoot / path);
    INFO(path.string());
    if (!may_ask.contains(path.string())) CHECK_FALSE(std::regex_search(text, asks));
    if (!may_write.contains(path.string())) CHECK_FALSE(std::regex_search(text, writes));
  }
}

TEST_CASE("TRY is no member of a braced initialiser, where gcc 12 leaks what was made before it") {
  static const std::regex member(R"re(^\s*\.[a-z_]+ = TRY\()re", std::regex::multiline);
  for (const auto& path : sources()) {
    INFO(path.string());
    CHECK_FALSE(std::regex_search(read(kRoot / path), member));
  }
}

TEST_CASE("no test is named like an option, which ctest would give it instead of running it") {
  static const std::regex option(R"re(TEST_CASE\("-)re");
  for (const auto& path : files_under({"tests"}, {".cpp"})) {
    INFO(path.string());
    CHECK_FALSE(std::regex_search(read(kRoot / path), option));
  }
}

TEST_CASE("files stay readable") {
  for (const auto& path : files_under({"common", "wallet", "merchant", "gateway", "ca", "deploy", "tests"}, {".h", ".cpp"})) {
    const auto text = read(kRoot / path);
    INFO(path.string());
    CHECK(std::ranges::count(text, '\n') <= 600);
  }
}

TEST_CASE("card numbers stand in three files only, and no private key anywhere") {
  const std::set<std::string> allowed = {"tests/support/test_pans.h", "deploy/sandbox/cards.toml",
                                          "deploy/sandbox/card.toml"};
  const std::regex digits(R"((^|[^0-9A-Fa-fx.])([0-9]{13,19})($|[^0-9A-Fa-f.]))");
  for (const auto& path : files_under({"common", "wallet", "merchant", "gateway", "ca", "tests", "deploy", "docs", "proto"},
                                      {".h", ".cpp", ".md", ".toml", ".proto", ".txt", ".json", ""})) {
    const auto text = read(kRoot / path);
    INFO(path.string());
    CHECK(text.find(std::string("BEGIN ") + "PRIVATE KEY") == std::string::npos);
    if (allowed.contains(path.string()) || path.extension() == ".json") continue;
    for (std::sregex_iterator it(text.begin(), text.end(), digits), end; it != end; ++it) {
      INFO("a number that passes for a card number at offset " << it->position());
      CHECK_FALSE(set::Pan::parse((*it)[2].str()).has_value());
    }
  }
}

TEST_CASE("docs/messages.md names functions that stand in the files it names") {
  const auto text = read(kRoot / "docs/messages.md");
  const std::regex cell(R"(`([a-z0-9_]+)` ([a-z_/]+\.cpp))");
  std::size_t found = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), cell), end; it != end; ++it, ++found) {
    const std::string function = (*it)[1], file = (*it)[2];
    INFO(function << " in " << file);
    REQUIRE(fs::exists(kRoot / file));
    CHECK(std::regex_search(read(kRoot / file), std::regex("\\b" + function + "\\(")));
  }
  CHECK(found == 68);  // 34 messages, two ends each
}
