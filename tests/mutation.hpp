// Texts that differ from a good one in one place, for property tests of what checks them.
#pragma once

#include <rapidcheck/catch.h>

#include <string>

namespace daybook::test {

// Evenly, at every size of a run.
template <class Number>
Number any_of(Number from, Number to) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

// `text` with one byte changed, added, taken out or doubled. Within a property alone.
inline std::string mutated(std::string text) {
    const auto at = any_of<std::size_t>(0, text.size());
    switch (any_of(0, 4)) {
        case 0: text[at] = static_cast<char>(text[at] ^ any_of(1, 256)); break;
        case 1: text.insert(at, 1, static_cast<char>(any_of(0, 256))); break;
        case 2: text.insert(at, 1, text[at]); break;
        default: text.erase(at, 1);
    }
    return text;
}

}  // namespace daybook::test
