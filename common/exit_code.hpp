#pragma once

namespace mailboat {

/// What every program of mailboat ends with.
enum class ExitCode : int {
  Done = 0,
  Failed = 1,
  Usage = 2,  ///< a flag, a variable or the configuration file is wrong: nothing was tried
};

}  // namespace mailboat
