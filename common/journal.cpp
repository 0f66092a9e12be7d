#include "common/journal.hpp"

#include <sys/stat.h>

namespace mailboat {

bool leads_to_journal(int descriptor, const std::optional<std::string>& journal_stream) {
  struct stat file {};
  if (!journal_stream || ::fstat(descriptor, &file) != 0) return false;
  return *journal_stream == std::to_string(file.st_dev) + ':' + std::to_string(file.st_ino);
}

}  // namespace mailboat
