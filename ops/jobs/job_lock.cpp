#include "ops/jobs/job_lock.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>

#include "journal/lmdb.hpp"

namespace daybook {
namespace {

struct flock whole_file() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

std::filesystem::path file_of(const std::filesystem::path& data, const std::string& task_id) {
    return data / "jobs" / (task_id + ".lock");
}

}  // namespace

JobLock::JobLock(const std::filesystem::path& file) : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (file_.get() < 0) throw StorageError("cannot open " + file.string() + ": " + std::strerror(errno));
}

std::unique_ptr<JobLock> JobLock::take(const std::filesystem::path& data, const std::string& task_id) {
    const std::filesystem::path file = file_of(data, task_id);
    std::filesystem::create_directories(file.parent_path());
    std::unique_ptr<JobLock> taken(new JobLock(file));
    struct flock lock = whole_file();
    if (::fcntl(taken->file_.get(), F_OFD_SETLK, &lock) == 0) return taken;
    if (errno == EAGAIN || errno == EACCES) return nullptr;
    throw StorageError("cannot lock " + file.string() + ": " + std::strerror(errno));
}

bool JobLock::is_held(const std::filesystem::path& data, const std::string& task_id) {
    const Descriptor file(::open(file_of(data, task_id).c_str(), O_RDONLY | O_CLOEXEC));
    struct flock lock = whole_file();
    return file.get() >= 0 && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace daybook
