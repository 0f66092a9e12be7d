#pragma once

namespace mailboat {

/// Lets the process keep some MiB of what it frees for its next frames: given back to the kernel and taken
/// again, each page of each frame would be cleared anew, which cost a third of the producer's time. Call
/// first in main(). Each of malloc's arenas keeps its own, so they are few, however many sessions have a
/// thread. Source: mallopt(3).
void keep_freed_memory();

}  // namespace mailboat
