// Inclusion and consistency proofs of the tree (RFC 9162 sections 2.1.3 and 2.1.4): making them, and checking them with nothing
// but the proof and the roots.
//
// Indexes are those of the RFC: the leaf of the event with sequence n has index n - 1.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "journal/journal.hpp"
#include "journal/sha256.hpp"

namespace daybook {

using Proof = std::vector<Digest>;

// The hash of the perfect subtree (level, index): leaves index*2^level up to, not including, (index+1)*2^level.
using TreeNodes = std::function<Digest(int level, std::uint64_t index)>;

// The nodes as the records of `journal` hold them; valid as long as the view is. Calling it throws StorageError where a record is
// missing or damaged.
TreeNodes nodes_of(const JournalView& journal);

// The audit path of leaf `index` in the tree of the first `size` leaves: the leaf's sibling first. `index` < `size`. Reads at most
// 2·log2(size) nodes, wherever the leaf lies.
Proof inclusion_proof(Sha256& sha256, const TreeNodes& nodes, std::uint64_t index, std::uint64_t size);

// Shows that the first `from` leaves of the tree of `to` leaves are the tree of `from` leaves. `from` <= `to`; empty where they are
// equal, and where `from` is 0.
Proof consistency_proof(Sha256& sha256, const TreeNodes& nodes, std::uint64_t from, std::uint64_t to);

// RFC 9162 section 2.1.3.2.
bool verify_inclusion(Sha256& sha256, const Digest& leaf, std::uint64_t index, std::uint64_t size, std::span<const Digest> proof,
                      const Digest& root);

// RFC 9162 section 2.1.4.2. From size 0, of which the RFC does not speak, the proof must be empty and `root_from` that of no
// leaves, as C2SP says; it shows nothing.
bool verify_consistency(Sha256& sha256, std::uint64_t from, std::uint64_t to, std::span<const Digest> proof,
                        const Digest& root_from, const Digest& root_to);

}  // namespace daybook
