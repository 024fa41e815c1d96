// An open file of the system, closed when it goes.
#pragma once

#include <unistd.h>

namespace daybook {

class Descriptor {
public:
    // Takes over what open() gave; negative: there is none.
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

}  // namespace daybook
