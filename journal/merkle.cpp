#include "journal/merkle.hpp"

#include <bit>
#include <cassert>

#include "journal/leaf.hpp"

namespace daybook {

MerkleFrontier::MerkleFrontier(std::uint64_t size, std::vector<Digest> subtrees) : size_(size), subtrees_(std::move(subtrees)) {
    assert(static_cast<std::size_t>(std::popcount(size)) == subtrees_.size());
}

void MerkleFrontier::add(Sha256& sha256, const Digest& leaf, std::vector<Digest>& completed) {
    completed.assign(1, leaf);
    for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
        completed.push_back(node_hash(sha256, subtrees_.back(), completed.back()));
        subtrees_.pop_back();
    }
    subtrees_.push_back(completed.back());
    ++size_;
}

Digest MerkleFrontier::root(Sha256& sha256) const {
    if (subtrees_.empty()) return sha256({});
    Digest root = subtrees_.back();
    for (std::size_t i = subtrees_.size() - 1; i-- > 0;) root = node_hash(sha256, subtrees_[i], root);
    return root;
}

}  // namespace daybook
