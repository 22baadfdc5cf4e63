#include "common/daemon/command_words.h"

#include <algorithm>
#include <cctype>

#include "common/daemon/options.h"

namespace set {
namespace {

// The option of this name here or above: a command's own comes before the program's.
const CLI::Option* option_named(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const auto* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

CLI::App* command_named(CLI::App& app, const std::string& name) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    if (command->check_name(name)) return command;
  }
  return nullptr;
}

// How many letters must be added, dropped, changed or exchanged with their neighbour.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> steps(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) steps[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) steps[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      auto best =
          std::min({steps[i - 1][j] + 1, steps[i][j - 1] + 1, steps[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, steps[i - 2][j - 2] + 1);
      }
      steps[i][j] = best;
    }
  }
  return steps[a.size()][b.size()];
}

// "10m" of "How often we look, such as 10m"; quoted it may have blanks.
std::string said_example(const std::string& description) {
  constexpr std::string_view kSuchAs = "such as ";
  const auto at = description.find(kSuchAs);
  if (at == std::string::npos) return "";
  const auto begin = at + kSuchAs.size();
  if (begin < description.size() && description[begin] == '"') {
    return description.substr(begin + 1, description.find('"', begin + 1) - begin - 1);
  }
  auto word = description.substr(begin, description.find_first_of(" ,;)", begin) - begin);
  while (word.ends_with('.')) word.pop_back();
  return word;
}

}  // namespace

std::string CommandWords::path() const {
  std::string path;
  for (std::size_t i = 1; i < commands.size(); ++i) {
    path += (i > 1 ? " " : "") + commands[i]->get_name();
  }
  return path;
}

CommandWords read_command_words(CLI::App& app, const std::vector<std::string>& arguments) {
  CommandWords words;
  words.commands.push_back(&app);
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const auto& word = arguments[i];
    if (word.size() < 2 || word.front() != '-') {
      if (auto* command = command_named(words.last(), word)) {
        words.commands.push_back(command);
        words.positions.push_back(i);
      }
      continue;
    }
    const auto equals = word.find('=');
    const bool is_long = word.starts_with("--");
    const auto* option =
        option_named(&words.last(), is_long ? word.substr(0, equals) : word.substr(0, 2));
    if (option == nullptr) continue;
    const bool takes_next = option->get_items_expected_min() > 0 &&
                            (is_long ? equals == std::string::npos : word.size() == 2);
    auto& value = words.given[option];
    if (takes_next && i + 1 < arguments.size()) {
      value = arguments[++i];
    } else if (!takes_next) {
      value = is_long && equals != std::string::npos ? word.substr(equals + 1)
                                                     : word.substr(is_long ? word.size() : 2);
    }
    words.help = words.help || option == app.get_version_ptr() || option->check_lname("help");
  }
  return words;
}

std::vector<CLI::App*> commands_of(CLI::App& app) {
  return app.get_subcommands([](const CLI::App* command) {
    return !command->get_name().empty() && !command->get_group().empty();
  });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return !option->get_group().empty(); });
}

std::string name_of(const CLI::Option& option) {
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  return option.get_name(/*positional=*/true);
}

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::vector<std::string> choices_of(const CLI::Option& option) {
  const auto type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  std::string list;
  char between = ',';
  if (open != std::string::npos && close != std::string::npos) {
    list = type.substr(open + 1, close - open - 1);
  } else if (type.find('|') != std::string::npos) {
    list = type;
    between = '|';
  }
  std::vector<std::string> choices;
  for (std::size_t begin = 0; begin < list.size();) {
    const auto end = std::min(list.find(between, begin), list.size());
    choices.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

std::string example_value(const CLI::Option& option) {
  auto value = option.get_default_str();
  if (value.empty()) value = said_example(option.get_description());
  if (!value.empty()) return value;
  if (const auto choices = choices_of(option); !choices.empty()) return choices.front();
  const auto type = option.get_type_name();
  std::string stem = option.get_lnames().empty() ? name_of(option) : option.get_lnames().front();
  if (stem.ends_with("-file")) stem.resize(stem.size() - std::string_view("-file").size());
  if (type.starts_with(kPrivateFile)) return "/run/secrets/" + stem;
  if (type.starts_with(kNewFile)) return "/run/set/" + stem;
  if (type.starts_with(kFile)) return "/etc/set/" + stem;
  if (type.starts_with(kDirectory)) return "/var/lib/set";
  if (type.starts_with("INT") || type.starts_with("UINT")) return "1";
  std::ranges::transform(stem, stem.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return stem;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 4) + 1;
  for (const auto& candidate : known) {
    const auto steps = distance(word, candidate);
    if (steps < least && steps < candidate.size()) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

}  // namespace set
