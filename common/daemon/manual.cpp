// `man`: the manual page, and the examples at the end of each command's --help.
#include <algorithm>
#include <cctype>
#include <sstream>

#include "common/daemon/program_commands.h"

namespace set {
namespace {

// Of the last change of what is common to all pages.
constexpr std::string_view kManualDate = "2026-11-27";
constexpr std::string_view kExitStatus =
    ".SH EXIT STATUS\n"
    ".TP\n0\ndone\n.TP\n1\nan internal error; of \\fBhealthcheck\\fR: not ready, of "
    "\\fBneeds\\-renewal\\fR: not due\n.TP\n2\nusage\n.TP\n3\nconfiguration, keys or storage\n"
    ".TP\n4\nnetwork; may be tried again\n.TP\n5\nauthentication or certificate\n.TP\n6\ndeclined\n"
    ".TP\n7\nnot found, or not allowed now\n.TP\n8\noutcome unknown\n.TP\n9\nverification failed\n"
    ".TP\n130\ninterrupted\n";

// What troff would take for its own.
std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool at_begin = i == 0 || text[i - 1] == '\n';
    if (at_begin && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \n\t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \n\t") - begin + 1);
}

std::string in_quotes_if_needed(const std::string& value) {
  const bool plain = value.find_first_of(" \"'$&;<>|()") == std::string::npos;
  return plain ? value : "\"" + value + "\"";
}

// The examples of the program: each begins with its name, others continue the one before.
std::vector<std::string> examples_in(const std::string& footer, const std::string& program) {
  std::vector<std::string> examples;
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    const auto text = trimmed(line);
    if (text.starts_with(program + " ")) {
      examples.push_back(text);
    } else if (!examples.empty() && examples.back().ends_with('\\')) {
      examples.back() += "\n      " + text;
    }
  }
  return examples;
}

std::string path_of(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return (parent == nullptr ? "" : path_of(*parent) + " ") + command.get_name();
}

std::string made_example(CLI::App& app, CLI::App& command) {
  std::string line = path_of(command);
  if (const auto* directory = app.get_option_no_throw("--dir"))
    line += " --dir " + example_value(*directory);
  std::string positionals;
  for (const auto* option : options_of(command)) {
    if (!option->get_required()) continue;
    const auto value = in_quotes_if_needed(example_value(*option));
    if (option->get_positional()) {
      positionals += " " + value;
    } else {
      line += " " + name_of(*option) + " " + value;
    }
  }
  return line + positionals;
}

std::string option_entry(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += "\\fB\\-" + escaped(name) + "\\fR, ";
  for (const auto& name : option.get_lnames()) names += "\\fB\\-\\-" + escaped(name) + "\\fR, ";
  if (names.empty()) {
    names = "\\fI" + escaped(option.get_name(/*positional=*/true)) + "\\fR";
  } else {
    names.resize(names.size() - 2);
  }
  if (!is_flag(option) && !option.get_lnames().empty()) {
    const auto type = option.get_type_name();
    names += " \\fI" + escaped(type.substr(0, type.find(':'))) + "\\fR";
  }
  auto text = escaped(option.get_description());
  const auto standard = option.get_default_str();
  if (!standard.empty()) {
    text += " (default: " + escaped(standard) + ")";
  }
  if (option.get_required()) text += " (required)";
  return ".TP\n" + names + "\n" + (text.empty() ? "\\&" : text) + "\n";
}

std::string option_entries(const CLI::App& command) {
  std::string out;
  for (const auto* option : options_of(command)) {
    if (!option->check_lname("help")) out += option_entry(*option);
  }
  return out;
}

std::string literal(const std::string& lines) {
  return ".nf\n.RS\n" + escaped(lines) + "\n.RE\n.fi\n";
}

// What stands at the end of the command's --help, without its heading and the sentence after it.
std::string shown_examples(const CLI::App& command) {
  auto text = trimmed(command.get_footer());
  text = text.substr(0, text.find(kAlsoTakes));
  if (text.starts_with("Example")) text = text.substr(text.find(':') + 1);
  return "  " + trimmed(text);
}

std::string command_entries(CLI::App& app, CLI::App& under) {
  std::string out;
  for (CLI::App* command : commands_of(under)) {
    if (!commands_of(*command).empty()) {
      out += command_entries(app, *command);
      continue;
    }
    auto path = path_of(*command).substr(app.get_name().size() + 1);
    out += ".SS " + escaped(path) + "\n" + escaped(command->get_description()) + ".\n" +
           option_entries(*command) + ".PP\n" + literal(shown_examples(*command));
  }
  return out;
}

std::string environment_entries(CLI::App& app) {
  std::string out = ".SH ENVIRONMENT\n.TP\n\\fB" + environment_prefix(app) +
                    "CONFIG\\fR\nThe configuration file, as \\-\\-config.\n";
  for (const auto& key : setting_keys(app)) {
    out += ".TP\n\\fB" + key.environment + "\\fR\nAs " + escaped(name_of(*key.option)) +
           (key.command->get_parent() == nullptr ? ""
                                                 : " of \\fB" + key.command->get_name() + "\\fR") +
           ".\n";
    if (const auto worlds = key.option->get_envname(); !worlds.empty()) {
      out += ".TP\n\\fB" + worlds + "\\fR\nThe same, where the one before does not say it.\n";
    }
  }
  return out;
}

}  // namespace

std::string examples_of(CLI::App& app, CLI::App& command) {
  const auto path = path_of(command);
  std::string out;
  for (const auto& example : examples_in(app.get_footer(), app.get_name())) {
    const bool of_this =
        example.starts_with(path) && (example.size() == path.size() || example[path.size()] == ' ');
    if (of_this) out += (out.empty() ? "  " : "\n  ") + example;
  }
  return out.empty() ? "  " + made_example(app, command) : out;
}

std::string manual_page(CLI::App& app) {
  const auto& name = app.get_name();
  std::string title = name;
  std::ranges::transform(title, title.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string examples;
  for (const auto& example : examples_in(app.get_footer(), name)) examples += "  " + example + "\n";
  return ".TH " + title + " 1 \"" + std::string(kManualDate) +
         "\" \"OpenSET " SET_VERSION "\" \"OpenSET\"\n.SH NAME\n" + escaped(name) + " \\- " +
         escaped(app.get_description()) + "\n.SH SYNOPSIS\n\\fB" + escaped(name) +
         "\\fR [\\fIoptions\\fR] \\fIcommand\\fR [\\fIoptions\\fR]\n" + ".SH DESCRIPTION\n" +
         escaped(app.get_description()) +
         ".\nOptions of the program may stand before or after a command. Data goes to standard "
         "output, what is said to a person to standard error. Where there is no terminal, or with "
         "\\fB\\-\\-no\\-input\\fR, nobody is asked: what is missing is named.\n.SH OPTIONS\n" +
         option_entries(app) + ".SH COMMANDS\n" + command_entries(app, app) +
         ".SH CONFIGURATION\nEach option of the program, and of \\fBserve\\fR, \\fBenroll\\fR and "
         "\\fBinit\\fR where there is such a command, may stand in a TOML file and in the "
         "environment. A flag wins over a variable, that over the file, that over the default. "
         "\\fBconfig example\\fR prints a file with every key, \\fBconfig check\\fR examines, "
         "\\fBconfig show\\fR tells what holds and why.\n" +
         environment_entries(app) + std::string(kExitStatus) + ".SH EXAMPLES\n" +
         literal(examples.substr(0, examples.find_last_not_of('\n') + 1));
}

}  // namespace set
