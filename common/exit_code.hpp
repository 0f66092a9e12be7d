#pragma once

#include <functional>

namespace mailboat {

/// What every program of mailboat ends with.
enum class ExitCode : int {
  Done = 0,
  Failed = 1,
  Usage = 2,  ///< a flag, a variable or the configuration file is wrong: nothing was tried
};

/// Runs a daemon's work to its end. What it throws is logged, and decides the code.
ExitCode run_logged(const std::function<void()>& work);

}  // namespace mailboat
