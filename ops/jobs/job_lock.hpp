// That a job runs once at a time, across processes, and whether it runs now.
//
// On disk: an empty file `jobs/<task>.lock` in the data directory, with a lock of the whole file (F_OFD_SETLK) while the job runs.
// The system lets go of it when the process ends, however that is. Unlike flock's, such a lock can be looked at without being
// taken, so that a look keeps no job from running.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "journal/descriptor.hpp"

namespace daybook {

class JobLock {
public:
    // Nothing where somebody else holds it. Throws StorageError where there can be no such file.
    static std::unique_ptr<JobLock> take(const std::filesystem::path& data, const std::string& task_id);
    // Makes no file.
    static bool is_held(const std::filesystem::path& data, const std::string& task_id);

private:
    explicit JobLock(const std::filesystem::path& file);
    Descriptor file_;
};

}  // namespace daybook
