#include "ops/temporary_place.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "journal/lmdb.hpp"

namespace daybook {

TemporaryPlace::TemporaryPlace() {
    std::error_code error;
    const std::filesystem::path above = std::filesystem::temp_directory_path(error);
    std::string name = (error ? "/tmp" : above) / "daybook-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw StorageError("cannot make a directory for the while, " + name + ": " + std::strerror(errno) +
                           " (TMPDIR says where such directories are made)");
    }
    path_ = name;
}

TemporaryPlace::~TemporaryPlace() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace daybook
