#include "journal/proof.hpp"

#include <algorithm>
#include <chrono>

#include <catch2/catch.hpp>

#include "tests/journal_samples.hpp"
#include "tests/mutation.hpp"
#include "tests/sample_tree.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The first four bytes of each hash, in hex, as the vectors give them.
std::string shape(const Proof& proof) {
    std::string out;
    for (const Digest& hash : proof) out += (out.empty() ? "" : ",") + to_hex(hash).substr(0, 8);
    return out;
}

// Each proof that differs from `proof` in one bit of one hash, in one hash more, or in one hash less.
std::vector<Proof> mutations(const Proof& proof, unsigned bit) {
    std::vector<Proof> out;
    for (std::size_t i = 0; i < proof.size(); ++i) {
        out.push_back(proof);
        out.back()[i][bit / 8 % 32] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        out.push_back(proof);
        out.back().erase(out.back().begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (std::size_t i = 0; i <= proof.size(); ++i) {
        out.push_back(proof);
        out.back().insert(out.back().begin() + static_cast<std::ptrdiff_t>(i), i < proof.size() ? proof[i] : Digest{});
    }
    if (proof.size() > 1 && proof[0] != proof[1]) {
        out.push_back(proof);
        std::swap(out.back()[0], out.back()[1]);
    }
    return out;
}

}  // namespace

TEST_CASE("proofs have the shapes of the transparency-dev vectors", "[proof]") {
    SampleTree tree;
    for (const std::string& entry : vector_entries()) tree.add(entry);
    CHECK(shape(tree.consistency(3, 7)) == "0298d122,07506a85,fac54203,837dbb15");
    CHECK(shape(tree.consistency(4, 7)) == "837dbb15");
    CHECK(shape(tree.consistency(6, 8)) == "0ebc5d34,ca854ea1,d37ee418");
    CHECK(shape(tree.inclusion(0, 8)) == "96a296d2,5f083f0a,6b47aaf2");
    CHECK(shape(tree.inclusion(5, 7)) == "bc1a0643,b08693ec,d37ee418");
}

TEST_CASE("every inclusion proof up to size 300 is accepted, and for no other index", "[proof]") {
    SampleTree tree(300);
    for (std::uint64_t size = 1; size <= 300; ++size) {
        bool all = true;
        for (std::uint64_t index = 0; index < size; ++index) {
            const Proof proof = tree.inclusion(index, size);
            all = all && tree.included(index, size, proof);
            all =
                all && !verify_inclusion(tree.sha256, tree.leaves[index], (index + 1) % (size + 1), size, proof, tree.roots[size]);
            all = all && !verify_inclusion(tree.sha256, tree.leaves[index], index, size, proof, tree.roots[size - 1]);
        }
        REQUIRE(all);
    }
}

TEST_CASE("every consistency proof up to size 300 is accepted, and for no other root", "[proof]") {
    SampleTree tree(300);
    for (std::uint64_t to = 0; to <= 300; ++to) {
        bool all = true;
        for (std::uint64_t from = 0; from <= to; ++from) {
            const Proof proof = tree.consistency(from, to);
            all = all && tree.consistent(from, to, proof);
            all = all && !verify_consistency(tree.sha256, from, to, proof, tree.roots[from == 300 ? 0 : from + 1], tree.roots[to]);
            if (from == 0) continue;
            all = all &&
                  !verify_consistency(tree.sha256, from, to, proof, tree.roots[from], tree.roots[to - 1 == from ? to + 1 : to - 1]);
        }
        REQUIRE(all);
    }
}

TEST_CASE("a proof between equal sizes, or from nothing, is empty", "[proof]") {
    SampleTree tree(9);
    CHECK(tree.consistency(9, 9).empty());
    CHECK(tree.consistency(0, 9).empty());
    CHECK_FALSE(verify_consistency(tree.sha256, 0, 9, {}, tree.roots[1], tree.roots[9]));
    CHECK_FALSE(tree.consistent(0, 9, {tree.roots[9]}));
    CHECK_FALSE(tree.consistent(9, 9, {tree.roots[9]}));
    CHECK_FALSE(tree.consistent(4, 9, {}));
    CHECK_FALSE(verify_consistency(tree.sha256, 9, 4, {}, tree.roots[9], tree.roots[4]));
    CHECK(tree.inclusion(0, 1).empty());
    CHECK_FALSE(verify_inclusion(tree.sha256, tree.leaves[0], 0, 0, {}, tree.roots[0]));
}

TEST_CASE("a mutated inclusion proof is refused", "[proof]") {
    SampleTree tree(300);
    rc::prop("no mutation of it", [&] {
        const auto size = any_of<std::uint64_t>(1, 301);
        const auto index = any_of<std::uint64_t>(0, size);
        const auto bit = any_of(0U, 256U);
        for (const Proof& proof : mutations(tree.inclusion(index, size), bit)) RC_ASSERT_FALSE(tree.included(index, size, proof));
        Digest leaf = tree.leaves[index];
        leaf[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        RC_ASSERT_FALSE(verify_inclusion(tree.sha256, leaf, index, size, tree.inclusion(index, size), tree.roots[size]));
    });
}

TEST_CASE("a mutated consistency proof is refused", "[proof]") {
    SampleTree tree(300);
    rc::prop("no mutation of it", [&] {
        const auto to = any_of<std::uint64_t>(2, 301);
        const auto from = any_of<std::uint64_t>(1, to);
        for (const Proof& proof : mutations(tree.consistency(from, to), any_of(0U, 256U))) {
            RC_ASSERT_FALSE(tree.consistent(from, to, proof));
        }
    });
}

TEST_CASE("no proof holds for a history that differs in one leaf", "[proof]") {
    rc::prop("neither history proves the other", [] {
        const auto to = any_of<std::uint64_t>(2, 100);
        const auto from = any_of<std::uint64_t>(1, to + 1);
        const auto changed = any_of<std::uint64_t>(0, from);
        SampleTree tree(to);
        SampleTree other;
        for (std::uint64_t n = 0; n < to; ++n) other.add(n == changed ? "another" : "leaf " + std::to_string(n));
        RC_ASSERT_FALSE(verify_consistency(tree.sha256, from, to, other.consistency(from, to), tree.roots[from], other.roots[to]));
        RC_ASSERT_FALSE(verify_consistency(tree.sha256, from, to, tree.consistency(from, to), tree.roots[from], other.roots[to]));
    });
}

TEST_CASE("a journal's records hold the nodes of every proof", "[proof]") {
    TestJournal journal;
    fill_with_samples(journal, 130);
    const auto snapshot = journal->snapshot();
    const TreeNodes nodes = nodes_of(*snapshot);
    Sha256 sha256;
    const std::uint64_t size = snapshot->size();
    for (std::uint64_t to = 1; to <= size; ++to) {
        const Digest root = snapshot->root(sha256, to);
        bool all = true;
        for (std::uint64_t n = 1; n <= to; ++n) {
            const Digest leaf = snapshot->record({n})->leaf_hash();
            all = all && verify_inclusion(sha256, leaf, n - 1, to, inclusion_proof(sha256, nodes, n - 1, to), root);
            all =
                all && verify_consistency(sha256, n, to, consistency_proof(sha256, nodes, n, to), snapshot->root(sha256, n), root);
        }
        REQUIRE(all);
    }
}

TEST_CASE("an inclusion proof from a journal of 1,000,000 events takes less than a millisecond", "[proof]") {
    TestJournal journal;
    const Time now = journal.now();
    for (int i = 0; i < 100; ++i) {
        AppendRequest request;
        request.decide = [&](const JournalView&, Time) -> Result<Batch> {
            Batch batch;
            for (unsigned n = 0; n < 10'000; ++n) batch.events.push_back(event_of(stream_name(n % 100 + 1), note("x"), now));
            return batch;
        };
        REQUIRE(journal->append(request));
    }
    const std::uint64_t size = journal.size();
    REQUIRE(size == 1'000'000);
    Sha256 sha256;
    SeededEntropy entropy(5);
    std::vector<std::chrono::nanoseconds> taken;
    for (int i = 0; i < 501; ++i) {
        std::uint64_t index = 0;
        entropy.fill(&index, sizeof index);
        index %= size;
        const auto start = std::chrono::steady_clock::now();
        const Snapshot snapshot = journal->snapshot();
        const Proof proof = inclusion_proof(sha256, nodes_of(*snapshot), index, size);
        taken.push_back(std::chrono::steady_clock::now() - start);
        REQUIRE(
            verify_inclusion(sha256, snapshot->record({index + 1})->leaf_hash(), index, size, proof, snapshot->root(sha256, size)));
    }
    std::sort(taken.begin(), taken.end());
    INFO("median " << taken[250].count() << " ns, worst " << taken.back().count() << " ns");
    CHECK(taken[250] < std::chrono::milliseconds(1));
}
