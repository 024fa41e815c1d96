// Ctrl-C as a question instead of an end: while one of these lives, the first SIGINT is noted and nothing more, so that work can
// stop where it is whole; the second one ends the process, as ever. Where SIGINT is ignored (nohup, a background job of a script)
// it stays so.
#pragma once

#include <csignal>

#include "journal/descriptor.hpp"

namespace daybook {

// One at a time.
class Interruption {
public:
    Interruption();
    ~Interruption();
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    // Whether Ctrl-C was pressed.
    bool asked() const;
    // Can be read from then on (poll); negative: it never will be.
    int descriptor() const { return noted_.get(); }

private:
    Descriptor noted_;
    struct sigaction before_{};
};

}  // namespace daybook
