#pragma once

#include <string>

#include "common/curve_key.hpp"

namespace mailboat {

enum class Overwrite { No, Yes };

/// Writes a pair: `path` with the secret key, which only its owner may read, and `path`.pub with the public
/// one. Throws ConfigurationError, naming file and reason, and then leaves the secret key that was there
/// before, and all else unless it cannot be replaced once `path`.pub has been; an existing file of either
/// name is such a reason unless `overwrite`, which keeps its owner.
void write_key_files(const std::string& path, const KeyPair& pair, Overwrite overwrite);

/// Reads the file with a secret key. Throws ConfigurationError, which never shows the content, when it cannot
/// be read, when anybody but its owner has any right to it (it names the mode and the command that mends it),
/// or when there is no key in it.
KeyPair read_key_file(const std::string& path);

/// The same of what stands in it. Pure.
KeyPair key_in(const std::string& content, const std::string& path);

}  // namespace mailboat
