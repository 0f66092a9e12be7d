#pragma once

#include <string>
#include <string_view>

namespace mailboat::cli {

/// Several lines as one: each line ends as a sentence, white space becomes single spaces.
std::string one_line(std::string_view text);

/// What PostgreSQL says about a failed statement as one sentence: message, detail and hint, without the lines
/// that only tell where in a function it happened.
std::string server_sentence(std::string_view message);

/// `text` as one word of a shell command: in single quotes when it needs them.
std::string shell_word(std::string_view text);

}  // namespace mailboat::cli
