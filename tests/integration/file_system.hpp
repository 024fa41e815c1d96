// A file system in memory of a size of its own, for tests of a full disk and of a read-only one. Needs root; else it is not
// mounted.
#pragma once

#include <filesystem>
#include <string>

#include <sys/mount.h>

namespace daybook::test {

class SmallFileSystem {
public:
    // On `place`, which is made.
    SmallFileSystem(std::filesystem::path place, std::size_t bytes) : place_(std::move(place)) {
        std::filesystem::create_directory(place_);
        mounted_ = ::mount("tmpfs", place_.c_str(), "tmpfs", 0, size_of(bytes).c_str()) == 0;
    }
    ~SmallFileSystem() {
        if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
    }
    SmallFileSystem(const SmallFileSystem&) = delete;
    SmallFileSystem& operator=(const SmallFileSystem&) = delete;

    bool mounted() const { return mounted_; }
    bool remount(std::size_t bytes, unsigned long flags = 0) const {
        return ::mount("tmpfs", place_.c_str(), "tmpfs", MS_REMOUNT | flags, size_of(bytes).c_str()) == 0;
    }
    std::filesystem::path operator/(const std::string& name) const { return place_ / name; }

private:
    static std::string size_of(std::size_t bytes) { return "mode=0777,size=" + std::to_string(bytes); }
    std::filesystem::path place_;
    bool mounted_ = false;
};

}  // namespace daybook::test
