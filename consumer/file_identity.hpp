#pragma once

#include <string>

namespace mailboat::consumer {

/// Names the file at `path` on this machine, by `file_id` and by host, device and inode: a copy has another
/// inode or another host, so a clone is never taken for the replica it was made from. Throws
/// ReplicaUnavailable when there is no such file.
std::string identify_file(const std::string& path, const std::string& file_id);

}  // namespace mailboat::consumer
