// A tree in memory, for tests of what is proven about trees.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "journal/leaf.hpp"
#include "journal/merkle.hpp"
#include "journal/proof.hpp"

namespace daybook::test {

struct SampleTree {
    Sha256 sha256;
    std::vector<Digest> leaves;
    std::vector<Digest> roots{sha256({})};  // of the first 0, 1, 2 … leaves
    std::map<std::pair<int, std::uint64_t>, Digest> nodes;
    MerkleFrontier frontier;

    SampleTree() = default;
    // Of `size` leaves that are all different.
    explicit SampleTree(std::uint64_t size) {
        for (std::uint64_t n = 0; n < size; ++n) add("leaf " + std::to_string(n));
    }
    SampleTree(const SampleTree&) = delete;
    SampleTree& operator=(const SampleTree&) = delete;

    void add(std::string_view entry) {
        std::vector<Digest> completed;
        leaves.push_back(leaf_hash(sha256, entry));
        frontier.add(sha256, leaves.back(), completed);
        for (std::size_t level = 0; level < completed.size(); ++level) {
            nodes[{static_cast<int>(level), (leaves.size() >> level) - 1}] = completed[level];
        }
        roots.push_back(frontier.root(sha256));
    }
    TreeNodes source() const {
        return [this](int level, std::uint64_t index) { return nodes.at({level, index}); };
    }
    Proof inclusion(std::uint64_t index, std::uint64_t size) { return inclusion_proof(sha256, source(), index, size); }
    Proof consistency(std::uint64_t from, std::uint64_t to) { return consistency_proof(sha256, source(), from, to); }
    bool included(std::uint64_t index, std::uint64_t size, const Proof& proof) {
        return verify_inclusion(sha256, leaves.at(index), index, size, proof, roots.at(size));
    }
    bool consistent(std::uint64_t from, std::uint64_t to, const Proof& proof) {
        return verify_consistency(sha256, from, to, proof, roots.at(from), roots.at(to));
    }
};

// The eight entries of transparency-dev's test vectors.
inline const std::vector<std::string>& vector_entries() {
    static const std::vector<std::string> entries = [] {
        std::vector<std::string> all;
        for (const char* hex :
             {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
            all.push_back(from_hex(hex).value());
        }
        return all;
    }();
    return entries;
}

}  // namespace daybook::test
