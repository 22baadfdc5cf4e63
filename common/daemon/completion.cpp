// `completion`: the scripts are small and ask the program itself at each Tab, so that they know
// every command and option of this build.
#include <algorithm>

#include "common/daemon/options.h"
#include "common/daemon/program_commands.h"

namespace set {
namespace {

constexpr std::string_view kBash =
    R"(# bash completion of @PROGRAM@: source <(@PROGRAM@ completion bash)
_@FUNCTION@() {
  local current=${COMP_WORDS[COMP_CWORD]} line name
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file | :directory)
        compopt -o filenames 2>/dev/null
        while IFS= read -r name; do COMPREPLY+=("$name"); done \
          < <(if [[ $line == :file ]]; then compgen -f -- "$current"; else compgen -d -- "$current"; fi)
        ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _@FUNCTION@ @PROGRAM@
)";

constexpr std::string_view kZsh = R"(#compdef @PROGRAM@
# zsh completion of @PROGRAM@: source <(@PROGRAM@ completion zsh)
_@FUNCTION@() {
  local line word
  local -a answers
  for line in "${(@f)$(@PROGRAM@ completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :file) _files ;;
      :directory) _files -/ ;;
      '') ;;
      *)
        word=${line%%$'\t'*}
        answers+=("${word//:/\\:}:${line#*$'\t'}")
        ;;
    esac
  done
  (( $#answers )) && _describe @PROGRAM@ answers
  return 0
}
if [[ ${funcstack[1]} == _@FUNCTION@ ]]; then
  _@FUNCTION@ "$@"
else
  compdef _@FUNCTION@ @PROGRAM@
fi
)";

constexpr std::string_view kFish =
    R"(# fish completion of @PROGRAM@: @PROGRAM@ completion fish | source
function __@FUNCTION@_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    for line in (@PROGRAM@ completion words -- $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :directory
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c @PROGRAM@ -f -a '(__@FUNCTION@_complete)'
)";

std::string replace_all(std::string text, std::string_view what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

void add_answer(std::string& out, const std::string& word, std::string meaning,
                const std::string& begun) {
  if (!word.starts_with(begun)) return;
  std::ranges::replace_if(
      meaning, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  out += word + "\t" + meaning + "\n";
}

std::string values_of(const CLI::Option& option, const std::string& begun) {
  std::string out;
  for (const auto& choice : choices_of(option)) add_answer(out, choice, "", begun);
  if (!out.empty()) return out;
  const auto type = option.get_type_name();
  if (type.starts_with(kDirectory)) return ":directory\n";
  const bool file =
      type.starts_with(kFile) || type.starts_with(kPrivateFile) || type.starts_with(kNewFile);
  return file ? ":file\n" : "";
}

// The option whose value the next word is, if the last one asks for one.
const CLI::Option* waits_for_value(CLI::App& app, const std::vector<std::string>& words) {
  if (words.empty() || !words.back().starts_with('-') ||
      words.back().find('=') != std::string::npos) {
    return nullptr;
  }
  const auto read = read_command_words(app, words);
  for (const CLI::App* here = &read.last(); here != nullptr; here = here->get_parent()) {
    const auto* option = here->get_option_no_throw(words.back());
    if (option != nullptr) return is_flag(*option) ? nullptr : option;
  }
  return nullptr;
}

}  // namespace

Result<std::string> completion_script(const CLI::App& app, const std::string& shell) {
  const auto text = shell == "bash"   ? kBash
                    : shell == "zsh"  ? kZsh
                    : shell == "fish" ? kFish
                                      : std::string_view();
  CHECK_OR_FAIL(!text.empty(), ErrorCode::invalid_argument, "completion is for bash, zsh or fish");
  auto function = app.get_name();
  std::ranges::replace(function, '-', '_');
  return replace_all(replace_all(std::string(text), "@PROGRAM@", app.get_name()), "@FUNCTION@",
                     function);
}

std::string completion_words(CLI::App& app, std::vector<std::string> words) {
  const auto begun = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  if (const auto* option = waits_for_value(app, words)) return values_of(*option, begun);
  auto& here = read_command_words(app, words).last();
  std::string out;
  if (!begun.starts_with('-')) {
    for (CLI::App* command : commands_of(here)) {
      add_answer(out, command->get_name(), command->get_description(), begun);
    }
    for (const auto* option : options_of(here)) {
      if (option->get_positional()) out += values_of(*option, begun);
    }
    if (!out.empty()) return out;
  }
  for (CLI::App* at = &here; at != nullptr; at = at->get_parent()) {
    for (const auto* option : options_of(*at)) {
      if (at != &here && option->check_lname("help")) continue;
      if (!option->get_lnames().empty()) {
        add_answer(out, name_of(*option), option->get_description(), begun);
      }
    }
  }
  return out;
}

}  // namespace set
