#include "common/service_manager.hpp"

#include <systemd/sd-daemon.h>

#include "common/log.hpp"

namespace mailboat {
namespace {

void tell(const char* state) {
  constexpr int keep_environment = 0;
  if (sd_notify(keep_environment, state) < 0)
    log::warn("systemd could not be told of a change of state", {{"state", state}});
}

}  // namespace

void tell_service_is_ready() { tell("READY=1"); }
void tell_service_is_stopping() { tell("STOPPING=1"); }

}  // namespace mailboat
