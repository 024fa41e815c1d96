// A directory for what is needed only for a while: below TMPDIR (else /tmp), for its owner alone, removed with all that is in it.
#pragma once

#include <filesystem>

namespace daybook {

class TemporaryPlace {
public:
    // Throws StorageError.
    TemporaryPlace();
    ~TemporaryPlace();
    TemporaryPlace(const TemporaryPlace&) = delete;
    TemporaryPlace& operator=(const TemporaryPlace&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace daybook
