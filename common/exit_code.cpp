#include "common/exit_code.hpp"

#include "common/error.hpp"
#include "common/log.hpp"

namespace mailboat {

ExitCode run_logged(const std::function<void()>& work) {
  try {
    work();
    return ExitCode::Done;
  } catch (const ConfigurationError& error) {
    log::error(error.what());
    return ExitCode::Usage;
  } catch (const std::exception& error) {
    log::error(error.what());
    return ExitCode::Failed;
  }
}

}  // namespace mailboat
