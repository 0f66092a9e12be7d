#include "common/version.hpp"

namespace mailboat {

std::string_view version() { return MAILBOAT_VERSION; }

}  // namespace mailboat
