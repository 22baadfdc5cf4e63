// Alert rules and dashboard say nothing that is not so: every metric is one of docs/observability.md
// (which a scenario compares with the programs), every alert has its paragraph in the runbook.
#include <catch2/catch_test_macros.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace fs = std::filesystem;

namespace {

const fs::path kObservability = fs::path(SET_SOURCE_DIR) / "deploy/observability";

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  REQUIRE(!out.str().empty());
  return out.str();
}

std::vector<std::string> matches(const std::string& text, const std::regex& form) {
  std::vector<std::string> out;
  for (std::sregex_iterator it(text.begin(), text.end(), form), end; it != end; ++it)
    out.push_back((*it)[1]);
  return out;
}

std::set<std::string> documented() {
  static const std::regex row(R"re(\n\| `([a-z_]+)` \| (?:counter|gauge|histogram) \|)re");
  const auto names = matches(text_of(fs::path(SET_SOURCE_DIR) / "docs/observability.md"), row);
  return {names.begin(), names.end()};
}

/// A histogram's series have endings.
std::string base_of(const std::string& series, const std::set<std::string>& known) {
  for (const std::string ending : {"_bucket", "_count", "_sum"}) {
    const auto base = series.substr(0, series.size() - std::min(series.size(), ending.size()));
    if (series.ends_with(ending) && known.contains(base)) return base;
  }
  return series;
}

void check_metrics(const std::string& expression, const std::set<std::string>& known) {
  // Without labels and what is compared with them.
  static const std::regex labels(R"re("[^"]*"|\{[^}]*\}|\b(?:by|on|group_left) \([^)]*\))re");
  static const std::regex name(R"re(\b((?:set|grpc|process)_[a-z_]*[a-z])\b)re");
  const auto bare = std::regex_replace(expression, labels, "");
  const auto found = matches(bare, name);
  INFO(expression);
  CHECK((!found.empty() || expression.starts_with("up{")));
  for (const auto& series : found) {
    INFO(series);
    CHECK(known.contains(base_of(series, known)));
  }
}

std::string anchor_of(std::string heading) {
  std::ranges::transform(heading, heading.begin(), [](unsigned char c) { return std::tolower(c); });
  std::ranges::replace(heading, ' ', '-');
  return heading;
}

}  // namespace

TEST_CASE("alert rules speak of metrics that exist, and of paragraphs in the operator's book") {
  const auto rules = text_of(kObservability / "alerts.yml");
  const auto known = documented();
  REQUIRE(known.size() > 25);
  const auto expressions = matches(rules, std::regex("\n        expr: ([^\n]+)"));
  const auto alerts = matches(rules, std::regex("- alert: ([A-Za-z]+)\n"));
  const auto runbooks = matches(rules, std::regex("runbook_url: deploy/README.md#([a-z-]+)\n"));
  REQUIRE(alerts.size() > 10);
  CHECK(expressions.size() == alerts.size());
  CHECK(runbooks.size() == alerts.size());
  CHECK(matches(rules, std::regex("\n          (runbook): \"[^\"]{10,}\"")).size() == alerts.size());
  for (const auto& expression : expressions) check_metrics(expression, known);

  // A rule about a queue that nobody counts would never fire.
  const auto figures = text_of(fs::path(SET_SOURCE_DIR) / "docs/observability.md");
  std::size_t queues = 0;
  for (const auto& chosen : matches(rules, std::regex("queue(?:=|!=|=~|!~)\"([a-z_|]+)\""))) {
    std::istringstream names(chosen);
    for (std::string name; std::getline(names, name, '|'); ++queues) {
      INFO(name);
      CHECK(figures.find("`" + name + "`") != std::string::npos);
    }
  }
  CHECK(queues >= 3);

  std::set<std::string> anchors;
  for (const auto& heading :
       matches(text_of(fs::path(SET_SOURCE_DIR) / "deploy/README.md"), std::regex("\n#+ ([^\n]+)")))
    anchors.insert(anchor_of(heading));
  for (const auto& runbook : runbooks) {
    INFO(runbook);
    CHECK(anchors.contains(runbook));
  }
}

TEST_CASE("the dashboard shows metrics that exist, each panel something") {
  const auto dashboard = nlohmann::json::parse(text_of(kObservability / "dashboard.json"));
  const auto known = documented();
  std::set<int> ids;
  std::set<std::string> shown;
  std::size_t panels = 0;
  for (const auto& panel : dashboard.at("panels")) {
    INFO(panel.at("title"));
    CHECK(ids.insert(panel.at("id").get<int>()).second);
    if (panel.at("type") == "row") continue;
    ++panels;
    REQUIRE(!panel.at("targets").empty());
    for (const auto& target : panel.at("targets")) {
      const std::string expression = target.at("expr");
      check_metrics(expression, known);
      shown.insert(expression);
    }
  }
  CHECK(panels > 20);
  // What is counted is worth a look.
  for (const auto& metric : known) {
    INFO(metric << " is on no panel");
    CHECK(std::ranges::any_of(shown, [&](const auto& expression) {
      return expression.find(metric) != std::string::npos;
    }));
  }
}

TEST_CASE("promtool finds rules and configuration right") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0)
    SKIP("promtool (Debian package prometheus) is not installed");
  CHECK(std::system(("promtool check rules " + (kObservability / "alerts.yml").string() +
                     " >/dev/null").c_str()) == 0);
  CHECK(std::system(("promtool check config " + (kObservability / "prometheus.yml").string() +
                     " >/dev/null").c_str()) == 0);
}
