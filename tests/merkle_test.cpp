#include "journal/merkle.hpp"

#include <bit>
#include <map>
#include <span>
#include <utility>

#include <catch2/catch.hpp>

#include "journal/leaf.hpp"
#include "tests/support.hpp"

using namespace daybook;

namespace {

// As RFC 9162 section 2.1.1 defines it, without a thought for speed.
Digest naive_root(Sha256& sha256, std::span<const Digest> leaves) {
    if (leaves.empty()) return sha256({});
    if (leaves.size() == 1) return leaves[0];
    const std::size_t left = std::bit_floor(leaves.size() - 1);
    return node_hash(sha256, naive_root(sha256, leaves.first(left)), naive_root(sha256, leaves.subspan(left)));
}

}  // namespace

TEST_CASE("the tree has the roots of the transparency-dev vectors", "[merkle]") {
    const std::vector<std::string> inputs{
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    const std::vector<std::string> roots{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    Sha256 sha256;
    MerkleFrontier tree;
    std::vector<Digest> completed;
    CHECK(to_hex(tree.root(sha256)) == roots[0]);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        tree.add(sha256, leaf_hash(sha256, from_hex(inputs[i]).value()), completed);
        CHECK(to_hex(tree.root(sha256)) == roots[i + 1]);
    }
}

TEST_CASE("the root from the right edge is the root of the definition, at every size up to 300", "[merkle]") {
    Sha256 sha256;
    MerkleFrontier tree;
    std::vector<Digest> leaves;
    std::vector<Digest> completed;
    std::map<std::pair<int, std::uint64_t>, Digest> nodes;  // (level, index) of each perfect subtree
    for (std::uint64_t n = 1; n <= 300; ++n) {
        leaves.push_back(sha256({"leaf " + std::to_string(n)}));
        tree.add(sha256, leaves.back(), completed);
        REQUIRE(tree.size() == n);
        REQUIRE(tree.root(sha256) == naive_root(sha256, leaves));

        // The nodes that the leaf completes are the roots of the perfect subtrees that end with it.
        REQUIRE(completed.size() == static_cast<std::size_t>(std::countr_zero(n)) + 1);
        for (std::size_t level = 0; level < completed.size(); ++level) {
            const std::uint64_t size = std::uint64_t{1} << level;
            REQUIRE(completed[level] == naive_root(sha256, std::span(leaves).last(size)));
            REQUIRE(nodes.emplace(std::pair(static_cast<int>(level), n / size - 1), completed[level]).second);
        }
    }
    CHECK(nodes.size() == 300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
}

TEST_CASE("a right edge that is made from stored subtrees grows on as the first would have", "[merkle]") {
    Sha256 sha256;
    MerkleFrontier tree;
    std::vector<Digest> completed;
    std::vector<Digest> leaves;
    for (int n = 1; n <= 13; ++n) {
        leaves.push_back(sha256({std::to_string(n)}));
        tree.add(sha256, leaves.back(), completed);
    }
    // 13 = 8 + 4 + 1
    const std::span all(leaves);
    MerkleFrontier restored(13, {naive_root(sha256, all.first(8)), naive_root(sha256, all.subspan(8, 4)), leaves[12]});
    CHECK(restored.root(sha256) == tree.root(sha256));
    const Digest next = sha256({"14"});
    tree.add(sha256, next, completed);
    restored.add(sha256, next, completed);
    CHECK(restored.root(sha256) == tree.root(sha256));
}
