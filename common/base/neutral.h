// What others write, made fit to be shown to a person: no text from elsewhere may move the cursor,
// hide a line or turn the reading direction. Used by whatever prints such a text. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace set {

/// Control characters, direction overrides, invisible characters and broken UTF-8 become "\u{…}" or
/// U+FFFD; a line break becomes " / "; what is longer than `max_characters` ends in "…".
std::string neutralise(std::string_view text, std::size_t max_characters = 200);
/// The same, but line breaks stay and the lines after the first are indented.
std::string neutralise_lines(std::string_view text, std::size_t indent,
                             std::size_t max_characters = 2000);

}  // namespace set
