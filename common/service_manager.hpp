#pragma once

namespace mailboat {

/// What systemd is told about this process, by sd_notify(3). Nothing happens where no service manager listens
/// (NOTIFY_SOCKET is not set). Any thread.

/// The start has succeeded: units that are ordered after this one may begin.
void tell_service_is_ready();
/// The end has begun, and takes as long as the work in progress.
void tell_service_is_stopping();

}  // namespace mailboat
