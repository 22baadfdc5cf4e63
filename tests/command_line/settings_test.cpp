// Settings: one rule for flag, environment, file and default in every program; what is wrong gets
// one sentence and the documented exit code.
#include <algorithm>
#include <map>
#include <sstream>

#include "tests/command_line/programs.h"

using namespace set::test;

namespace {

/// "serve.listen" and its line of the example, without the sign that makes it a comment.
using Keys = std::vector<std::pair<std::string, std::string>>;

Keys keys_of_example(const std::string& text) {
  Keys keys;
  std::string table;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1);
    if (line.empty() || line.starts_with('[') || line.starts_with("# ")) continue;
    if (line.starts_with('#')) line.erase(0, 1);
    const auto key = line.substr(0, line.find(' '));
    keys.emplace_back(table.empty() ? key : table + "." + key, line);
  }
  return keys;
}

std::string table_of(const std::string& key) {
  const auto dot = key.find('.');
  return dot == std::string::npos ? "" : "[" + key.substr(0, dot) + "]\n";
}

std::string variable_of(const std::string& program, const std::string& key) {
  std::string name = program + "__";
  for (const char c : key) name += c == '.' ? std::string("__") : std::string(1, c);
  for (auto& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

}  // namespace

TEST_CASE("the example in the tree is what the program prints, and every key of it can be used") {
  Folder folder;
  for (const auto& program : kPrograms) {
    INFO(program);
    const auto text = ok(run({program, "config", "example"})) + "\n";
    {
      INFO("after a change of options: " << program << " config example > "
                                         << example_file(program).string());
      CHECK(read_file(example_file(program)) == text);
    }
    const auto keys = keys_of_example(text);
    const auto known = settings_of(program);
    REQUIRE(keys.size() == known.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto& [key, line] = keys[i];
      INFO(line);
      CHECK(key == known[i].key);
      CHECK(text.find("# " + variable_of(program, key) + ";") != std::string::npos);
      const auto file = folder.file("one.toml", table_of(key) + line + "\n");
      const auto shown = setting_of(program, key, {"--config", file});
      CHECK(shown.source == file + (key.find('.') == std::string::npos ? ":1" : ":2"));
      CHECK_FALSE(shown.value.is_null());
      const bool is_default =
          text.find("# " + variable_of(program, key) + "; default:") != std::string::npos;
      if (is_default) CHECK(shown.value == known[i].value);
    }
  }
}

TEST_CASE("a flag wins over the environment, that over the file, that over the default") {
  Folder folder;
  const auto file = folder.file("merchant.toml",
                                "log-level = \"error\"\n\n[serve]\npatience = "
                                "\"3m\"\nhost = [\"a.example\", \"b.example\"]\n");
  const Words from_file = {"--config", file};
  const Environment environment = {{"SET_MERCHANT__SERVE__PATIENCE", "4m"},
                                   {"SET_MERCHANT__LOG_LEVEL", "warning"}};
  const auto value = [](const Shown& shown) { return shown.value.get<std::string>(); };
  const std::string key = "serve.patience";
  CHECK(value(setting_of("set-merchant", key)) == "15m");
  CHECK(setting_of("set-merchant", key).source == "default");
  CHECK(value(setting_of("set-merchant", key, from_file)) == "3m");
  CHECK(setting_of("set-merchant", key, from_file).source == file + ":4");
  CHECK(value(setting_of("set-merchant", key, from_file, environment)) == "4m");
  CHECK(setting_of("set-merchant", key, from_file, environment).source ==
        "SET_MERCHANT__SERVE__PATIENCE");
  const Words flags = from_file + Words{"--patience", "5m"};
  CHECK(value(setting_of("set-merchant", key, flags, environment)) == "5m");
  CHECK(setting_of("set-merchant", key, flags, environment).source == "flag");
  CHECK(value(setting_of("set-merchant", "log-level", flags, environment)) == "warning");
  CHECK(setting_of("set-merchant", "serve.host", from_file).value ==
        Json::array({"a.example", "b.example"}));
}

TEST_CASE("a variable that the world knows is heard, below our own and above the file") {
  Folder folder;
  const auto file = folder.file("gateway.toml", "otlp-endpoint = \"http://127.0.0.1:1\"\n");
  const std::string world = "OTEL_EXPORTER_OTLP_ENDPOINT", own = "SET_GATEWAY__OTLP_ENDPOINT";
  const auto shown = [&](const Words& flags, const Environment& environment) {
    const auto out = setting_of("set-gateway", "otlp-endpoint", flags, environment);
    return out.value.get<std::string>() + " " + out.source;
  };
  const Words from_file = {"--config", file};
  CHECK(shown(from_file, {}) == "http://127.0.0.1:1 " + file + ":1");
  CHECK(shown(from_file, {{world, "http://127.0.0.1:2"}}) == "http://127.0.0.1:2 " + world);
  CHECK(shown(from_file, {{world, ""}}) == "http://127.0.0.1:1 " + file + ":1");
  CHECK(shown(from_file, {{world, "http://127.0.0.1:2"}, {own, "http://127.0.0.1:3"}}) ==
        "http://127.0.0.1:3 " + own);
  // Said empty, ours turns it off.
  CHECK(shown({}, {{world, "http://127.0.0.1:2"}, {own, ""}}) == " " + own);
  CHECK(shown(from_file + Words{"--otlp-endpoint", "http://127.0.0.1:4"},
              {{world, "http://127.0.0.1:2"}}) == "http://127.0.0.1:4 flag");
  const Words check = {"set-bank", "config", "check", "--dir", folder.path().string(), "--cards",
                       folder.file("cards.toml", "")};
  refused(run(check, {{world, "collector:4317"}}), 3, world);
  refused(run(check + Words{"--otlp-endpoint", "collector:4317"}), 2, "such as http://");
  ok(run(check, {{world, "http://127.0.0.1:2"}}));
}

TEST_CASE("lists and switches come from the environment, the file's name too") {
  Folder folder;
  const auto file = folder.file("ca.toml", "[init]\nbrand = \"Demo\"\n");
  CHECK(setting_of("set-ca", "init.brand", {}, {{"SET_CA__CONFIG", file}}).value == "Demo");
  CHECK(setting_of("set-ca", "init.host", {}, {{"SET_CA__INIT__HOST", "ca.example"}}).value ==
        Json::array({"ca.example"}));
  CHECK(setting_of("set-ca", "init.host", {}, {{"SET_CA__INIT__HOST", R"(["a", "b"])"}}).value ==
        Json::array({"a", "b"}));
  CHECK(setting_of("set-gateway", "serve.no-capture-now", {},
                   {{"SET_GATEWAY__SERVE__NO_CAPTURE_NOW", "true"}})
            .value == "true");
}

TEST_CASE("what excludes it from a lower source gives way") {
  Folder folder;
  const auto file = folder.file("gateway.toml", "dir = \"" + folder.path().string() +
                                                    "\"\n[serve]\ncards = \"cards.toml\"\n");
  const auto settings =
      settings_of("set-gateway", {"--config", file, "--acquirer", "tcp://127.0.0.1:7900"});
  const auto cards = std::ranges::find(settings, "serve.cards", &Shown::key);
  CHECK(cards->value.is_null());
}

TEST_CASE("a password in a database's address is not shown") {
  const auto shown = [](const std::string& url) {
    return setting_of("set-merchant", "database", {"--database", url}).value;
  };
  CHECK(shown("postgresql://set:hunter2@db.example/set") == "postgresql://set:***@db.example/set");
  CHECK(shown("postgresql://set:hun@ter/2@db.example/set") ==
        "postgresql://set:***@db.example/set");
  CHECK(shown("postgresql://set@db.example/set?password=hunter2&sslmode=require") ==
        "postgresql://set@db.example/set?password=***&sslmode=require");
  for (const std::string nothing_secret : {"postgresql://set@db.example:5432/set?passfile=/a/b@c",
                                           "sqlite:/var/lib/set/merchant.db"}) {
    CHECK(shown(nothing_secret) == nothing_secret);
  }
}

TEST_CASE("settings that are wrong get one sentence that says where") {
  Folder folder;
  struct Wrong {
    std::string file;
    Environment environment;
    int exit_code;
    std::string words;
  };
  const std::string good = "dir = \"" + folder.path().string() + "\"\n";
  for (const auto& wrong : std::vector<Wrong>{
           {good + "databse = \"x\"\n", {}, 3, ":2: unknown key databse; did you mean database?"},
           {good + "[serve]\ngatway = \"x\"\n",
            {},
            3,
            ":3: unknown key serve.gatway; did you mean serve.gateway?"},
           {good + "listen = \"x\"\n", {}, 3, "unknown key listen; did you mean serve.listen?"},
           {good + "[serv]\nlisten = \"x\"\n",
            {},
            3,
            "unknown table [serv]; did you mean [serve]?"},
           {good + "[order]\namount = \"1 EUR\"\n", {}, 3, "unknown table [order]"},
           {good + "[serve]\npatience = 15\n",
            {},
            3,
            ":3: serve.patience must be a text in quotes, such as \"15m\""},
           {good + "[serve]\npatience = \"15\"\n",
            {},
            3,
            ":3: serve.patience: a duration is written"},
           {good + "[serve]\nmetrics-remote = \"yes\"\n", {}, 3, "must be true or false"},
           {good + "[serve]\nhost = [1, 2]\n", {}, 3, "serve.host must be a list of texts"},
           {good + "passphrase-fd = \"3\"\n", {}, 3, "passphrase-fd must be a number"},
           {good + "dir = \"twice\"\n", {}, 3, ":2: "},
           {good + "[serve\n", {}, 3, ":2: "},
           {good + "log-level = \"loud\"\n",
            {},
            3,
            ":2: log-level: must be one of trace|info|warning|error"},
           {good,
            {{"SET_MERCHANT__SERVE__PATIENCE", "soon"}},
            3,
            "SET_MERCHANT__SERVE__PATIENCE: serve.patience: a duration"},
           {good,
            {{"SET_MERCHANT__SERVE__PATIENC", "5m"}},
            3,
            "did you mean SET_MERCHANT__SERVE__PATIENCE?"},
           {good, {{"SET_MERCHANT__SERVE__METRICS_REMOTE", "yes"}}, 3, "must be true or false"},
           {good, {{"SET_MERCHANT__PASSPHRASE_FD", "three"}}, 3, "must be a number"},
           {good, {{"SET_MERCHANT__SERVE__HOST", "[1"}}, 3, "must be a list of texts"},
           {good, {}, 2, "--gateway is required"},
       }) {
    const auto file = folder.file("merchant.toml", wrong.file);
    const auto finished =
        run({"set-merchant", "config", "check", "--config", file}, wrong.environment);
    INFO(wrong.file << finished.err);
    refused(finished, wrong.exit_code, wrong.words);
    CHECK(std::ranges::count(finished.err, '\n') == 1);
  }
  refused(run({"set-merchant", "config", "check", "--config", "/nonexistent.toml"}), 3,
          "/nonexistent.toml");
  refused(run({"set-merchant", "config", "check", "--config", folder.path().string()}), 3,
          "not a regular file");
}

TEST_CASE("config check looks at the files that are named, and starts nothing") {
  Folder folder;
  const auto secret = folder.file("passphrase", "a passphrase of tests\n");
  const auto text = "dir = \"" + folder.path().string() + "\"\npassphrase-file = \"" + secret +
                    "\"\n[serve]\ngateway = \"127.0.0.1:9\"\n";
  const auto file = folder.file("merchant.toml", text);
  const Words check = {"set-merchant", "config", "check", "--config", file};
  const auto good = run(check);
  INFO(good.err);
  CHECK(good.exit_code == 0);
  CHECK(good.out.starts_with("ok"));
  CHECK(Json::parse(ok(run(check + Words{"--json"}))).at("ok") == true);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "merchant.db"));

  using std::filesystem::perms;
  std::filesystem::permissions(secret, perms::owner_read | perms::group_read | perms::others_read);
  refused(run(check), 3, "others than its owner can use " + secret);
  std::filesystem::remove(secret);
  refused(run(check), 3, secret);
  const auto problems = run(check + Words{"--json", "--ready-file", "/nowhere/ready"});
  CHECK(problems.exit_code == 3);
  CHECK(Json::parse(problems.out).at("problems").size() == 2);
  std::filesystem::permissions(file, perms::owner_read | perms::others_write,
                               std::filesystem::perm_options::add);
  refused(run(check), 3, "can write " + file);
}

TEST_CASE("a key of a command that is not run does not disturb the one that is") {
  Folder folder;
  const auto file = folder.file(
      "ca.toml", "dir = \"" + folder.path().string() + "\"\n[init]\nhost = [\"ca.example\"]\n");
  // `token create` has a --host of its own, which the file's [init] must not fill.
  refused(run({"set-ca", "token", "create", "--config", file, "--role", "merchant", "--name", "x",
               "--bin", "400000"}),
          3, "there is no CA in");
}
