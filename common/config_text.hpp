#pragma once

#include <functional>
#include <string>

#include "common/config_file.hpp"
#include "common/option_value.hpp"

namespace mailboat {

/// A value as TOML. Each text goes through `mask` first, if there is one. Not for Form::None.
std::string toml_of(const FileValue& value, const std::function<std::string(const std::string&)>& mask = {});

/// `[[name]]` with all that it holds, in the file's order, and a comment that says where it stands.
std::string toml_of(const std::string& name, const ConfigTable& table, const std::string& path);

}  // namespace mailboat
