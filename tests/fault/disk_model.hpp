// What a run of programs did to the files below a directory, from strace's log, and what a disk may hold of it when power is lost.
//
// What POSIX promises, and no more: a write is on disk once its file was synced after it, or at once where the file was opened with
// O_DSYNC; a name that was made, changed or removed once its directory was synced. Of what was not synced any part may be there:
// each 512 bytes of a write by themselves; of names, those up to some moment.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/fault/fault.hpp"

namespace daybook::test {

class DiskModel {
public:
    // Runs `script` with sh in `directory`, which is empty, under strace. A line that it writes to standard error and that begins
    // with "ack " is an acknowledgement. Throws std::runtime_error where it fails, or does what the model does not know.
    DiskModel(const std::string& script, const std::filesystem::path& directory);

    // How many calls changed or synced something.
    std::size_t size() const { return steps_.size(); }
    // What was acknowledged before the call `end`.
    std::vector<std::string> acknowledged(std::size_t end) const;

    enum class Lost { nothing, all_that_may, some };
    // Makes, in `place`, what the disk holds when power is lost before the call `end`.
    void make_image(std::size_t end, Lost lost, Choices& choices, const std::filesystem::path& place) const;
    // The call, for people.
    std::string describe(std::size_t step) const;

private:
    struct Step {
        enum class Kind { write, resize, sync, make, make_directory, link, rename, remove, acknowledge };
        Kind kind = Kind::write;
        std::string path, to;  // relative to the directory
        std::size_t at = 0;
        std::string bytes;
        bool durable = false;  // as soon as it is done
    };
    class Parser;
    class Disk;
    std::vector<Step> steps_;
};

}  // namespace daybook::test
