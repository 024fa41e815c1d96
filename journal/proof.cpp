#include "journal/proof.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "journal/leaf.hpp"

namespace daybook {
namespace {

// The largest power of two that is less than `leaves`, of which there are at least 2: where RFC 9162 splits a tree.
std::uint64_t left_half(std::uint64_t leaves) { return std::bit_floor(leaves - 1); }

// The root over the leaves [begin, end), a subtree that splitting a tree leads to: so `begin` is a multiple of its size, rounded up
// to a power of two, and all its perfect subtrees are nodes.
Digest subtree_root(Sha256& sha256, const TreeNodes& nodes, std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t leaves = end - begin;
    if (std::has_single_bit(leaves)) {
        const int level = std::countr_zero(leaves);
        return nodes(level, begin >> level);
    }
    const std::uint64_t middle = begin + left_half(leaves);
    const Digest left = subtree_root(sha256, nodes, begin, middle);
    return node_hash(sha256, left, subtree_root(sha256, nodes, middle, end));
}

// Moves up to the level where the right edge of the tree, of which `fn` is on, has a left sibling.
void skip_promoted(std::uint64_t& fn, std::uint64_t& sn) {
    while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
    }
}

}  // namespace

TreeNodes nodes_of(const JournalView& journal) {
    return [&journal](int level, std::uint64_t index) {
        const Sequence last{(index + 1) << level};
        const auto record = journal.record(last);
        if (!record) throw StorageError("event " + std::to_string(last.value) + " is missing: run `daybook verify`");
        return record->node(level);
    };
}

Proof inclusion_proof(Sha256& sha256, const TreeNodes& nodes, std::uint64_t index, std::uint64_t size) {
    assert(index < size);
    Proof proof;
    std::uint64_t begin = 0;
    std::uint64_t end = size;
    while (end - begin > 1) {
        const std::uint64_t middle = begin + left_half(end - begin);
        if (index < middle) {
            proof.push_back(subtree_root(sha256, nodes, middle, end));
            end = middle;
        } else {
            proof.push_back(subtree_root(sha256, nodes, begin, middle));
            begin = middle;
        }
    }
    std::reverse(proof.begin(), proof.end());
    return proof;
}

// SUBPROOF of section 2.1.4.1 from the top down: the subtree [begin, end) holds the last leaf of the old tree.
Proof consistency_proof(Sha256& sha256, const TreeNodes& nodes, std::uint64_t from, std::uint64_t to) {
    assert(from <= to);
    Proof proof;
    if (from == 0) return proof;
    std::uint64_t begin = 0;
    std::uint64_t end = to;
    while (from != end) {
        const std::uint64_t middle = begin + left_half(end - begin);
        if (from <= middle) {
            proof.push_back(subtree_root(sha256, nodes, middle, end));
            end = middle;
        } else {
            proof.push_back(subtree_root(sha256, nodes, begin, middle));
            begin = middle;
        }
    }
    // A subtree that begins with the first leaf is the whole old tree, whose root the verifier has.
    if (begin != 0) proof.push_back(subtree_root(sha256, nodes, begin, end));
    std::reverse(proof.begin(), proof.end());
    return proof;
}

bool verify_inclusion(Sha256& sha256, const Digest& leaf, std::uint64_t index, std::uint64_t size, std::span<const Digest> proof,
                      const Digest& root) {
    if (index >= size) return false;
    std::uint64_t fn = index;
    std::uint64_t sn = size - 1;
    Digest r = leaf;
    for (const Digest& p : proof) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            r = node_hash(sha256, p, r);
            skip_promoted(fn, sn);
        } else {
            r = node_hash(sha256, r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && r == root;
}

bool verify_consistency(Sha256& sha256, std::uint64_t from, std::uint64_t to, std::span<const Digest> proof,
                        const Digest& root_from, const Digest& root_to) {
    if (from > to) return false;
    if (from == to) return proof.empty() && root_from == root_to;
    if (from == 0) return proof.empty() && root_from == sha256({});
    if (proof.empty()) return false;
    std::uint64_t fn = from - 1;
    std::uint64_t sn = to - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    Digest fr = root_from;  // where `from` is a power of two: the old root is itself a node of the new tree
    if (!std::has_single_bit(from)) {
        fr = proof.front();
        proof = proof.subspan(1);
    }
    Digest sr = fr;
    for (const Digest& c : proof) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            fr = node_hash(sha256, c, fr);
            sr = node_hash(sha256, c, sr);
            skip_promoted(fn, sn);
        } else {
            sr = node_hash(sha256, sr, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return fr == root_from && sr == root_to && sn == 0;
}

}  // namespace daybook
