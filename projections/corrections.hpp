// Which entries of a timeline were corrected, and by what. The old text stays where it is; who reads it must see that it is not
// right.
#pragma once

#include <map>
#include <span>
#include <string>

#include "journal/journal.hpp"

namespace daybook {

class Corrections {
public:
    struct Correction {
        Sequence sequence;  // of the `entry_corrected`
        std::string message;
    };
    // `sequences` are of one stream, ascending: as far as one looks.
    Corrections(const JournalView& journal, std::span<const Sequence> sequences);

    // What holds instead of an entry: the newest correction of it, or of its correction. Null where there is none.
    const Correction* of(Sequence entry) const;
    // Which entry a correction is about; null for any other event.
    const Sequence* corrected_by(Sequence correction) const;

private:
    std::map<Sequence, Correction> newest_;  // by what is corrected
    std::map<Sequence, Sequence> corrects_;  // by the correction
};

}  // namespace daybook
