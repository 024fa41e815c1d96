#include "projections/provenance.hpp"

#include <cassert>

namespace daybook {

Provenance provenance_of(const JournalView& journal, std::uint64_t size, std::optional<std::string_view> policy,
                         Time generated_for) {
    assert(size <= journal.size());
    Sha256 sha256;
    return {journal.origin(), size, to_hex(journal.root(sha256, size)), policy ? to_hex(sha256({*policy})) : "", generated_for};
}

}  // namespace daybook
