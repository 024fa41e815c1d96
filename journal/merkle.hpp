// The Merkle tree over all leaves (RFC 9162 section 2.1), grown one leaf at a time.
//
// On disk it has no table of its own: the leaf with sequence n completes countr_zero(n) perfect subtrees, and its record
// holds their roots. The root of the perfect subtree (level l, index i) is thus in the record of sequence (i+1)*2^l.
#pragma once

#include <vector>

#include "journal/sha256.hpp"
#include "journal/types.hpp"

namespace daybook {

// The right edge of the tree: the roots of its perfect subtrees, largest first; one for each 1 bit of the size.
class MerkleFrontier {
public:
    MerkleFrontier() = default;
    // `subtrees` as described, for a tree of `size` leaves.
    MerkleFrontier(std::uint64_t size, std::vector<Digest> subtrees);

    std::uint64_t size() const { return size_; }

    // Adds a leaf; `completed` becomes its hash and then the roots of the subtrees that it completes, from level 1 up.
    void add(Sha256& sha256, const Digest& leaf, std::vector<Digest>& completed);

    // The tree's root; of an empty tree the digest of no bytes.
    Digest root(Sha256& sha256) const;

private:
    std::uint64_t size_ = 0;
    std::vector<Digest> subtrees_;
};

}  // namespace daybook
