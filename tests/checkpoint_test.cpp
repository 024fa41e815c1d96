#include "journal/checkpoint.hpp"

#include <catch2/catch.hpp>

#include "journal/base64.hpp"
#include "tests/golden_key.hpp"
#include "tests/journal_samples.hpp"
#include "tests/mutation.hpp"
#include "tests/sample_tree.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const std::string golden_checkpoint =
    "example.com/daybook\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n"
    "— example.com/daybook /lQi/s29v6Q7XdGIgSyX1w2Yk6+bW8pD9wov5Ag+0WlINXBWIcMC19MGMVaWUPEMeQXxuMzyn7X1xpRGOpNfMG0mnwg=\n";

VerifierKey golden_verifier() { return {golden_name, golden_private_key().public_key()}; }

std::string sign(const Checkpoint& checkpoint) { return sign_note(checkpoint.text(), golden_verifier(), golden_private_key()); }

}  // namespace

TEST_CASE("the golden checkpoint comes out byte for byte", "[checkpoint]") {
    SampleTree tree;
    for (const std::string& entry : vector_entries()) tree.add(entry);
    const std::string note = sign({golden_name, 8, tree.roots[8]});
    CHECK(note == golden_checkpoint);
    Sha256 sha256;
    CHECK(to_hex(sha256({note})) == "e491b212b66ee97e9021413a0436486d5b25f331b3096cafb706ab54f898352c");
    const auto opened = open_checkpoint(note, golden_verifier());
    REQUIRE(opened);
    CHECK(opened->origin == golden_name);
    CHECK(opened->size == 8);
    CHECK(opened->root == tree.roots[8]);
}

TEST_CASE("an empty journal has a checkpoint too", "[checkpoint]") {
    TestJournal journal;
    const auto snapshot = journal->snapshot();
    CHECK(checkpoint_of(*snapshot, 0).text() == snapshot->origin() + "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
}

TEST_CASE("what is no checkpoint is refused", "[checkpoint]") {
    const std::string root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    CHECK(Checkpoint::parse("o\n0\n" + root + "\n"));
    CHECK(Checkpoint::parse("o\n0\n" + root + "\nan extension\n"));
    for (const std::string& bad : std::vector<std::string>{
             "", "o\n", "o\n0\n", "\n0\n" + root + "\n", "o\n00\n" + root + "\n", "o\n01\n" + root + "\n", "o\n-1\n" + root + "\n",
             "o\n+1\n" + root + "\n", "o\n 1\n" + root + "\n", "o\n\n" + root + "\n", "o\n18446744073709551616\n" + root + "\n",
             "o\n1\n" + root, "o\n1\nAAAA\n", "o\n1\n" + root + "\n\n", "o\n1\n" + root + "\nx\n\n"}) {
        INFO(bad);
        CHECK_FALSE(Checkpoint::parse(bad));
    }
}

TEST_CASE("a checkpoint under another origin than the key's name is refused", "[checkpoint]") {
    CHECK_FALSE(open_checkpoint(sign({"example.com/other", 0, {}}), golden_verifier()));
}

TEST_CASE("an inclusion proof is a tlog-proof, and is read back", "[checkpoint]") {
    SampleTree tree;
    for (const std::string& entry : vector_entries()) tree.add(entry);
    InclusionText text{std::nullopt, 5, tree.inclusion(5, 8), golden_checkpoint};
    std::string expected = "c2sp.org/tlog-proof@v1\nindex 5\n";
    for (const Digest& hash : text.proof) expected += to_base64(bytes_of(hash)) + "\n";
    expected += "\n" + golden_checkpoint;
    CHECK(text.text() == expected);
    text.extra = "any bytes";
    const auto read = InclusionText::parse(text.text());
    REQUIRE(read);
    CHECK(read->extra == text.extra);
    CHECK(read->index == 5);
    CHECK(read->proof == text.proof);
    CHECK(read->checkpoint == golden_checkpoint);
    CHECK(tree.included(5, 8, read->proof));
}

TEST_CASE("a consistency proof is what a witness is sent, and is read back", "[checkpoint]") {
    SampleTree tree;
    for (const std::string& entry : vector_entries()) tree.add(entry);
    const ConsistencyText text{4, tree.consistency(4, 8), golden_checkpoint};
    CHECK(text.text() == "old 4\n" + to_base64(bytes_of(text.proof.front())) + "\n\n" + golden_checkpoint);
    const auto read = ConsistencyText::parse(text.text());
    REQUIRE(read);
    CHECK(read->old_size == 4);
    CHECK(tree.consistent(4, 8, read->proof));
}

TEST_CASE("a proof's text with a byte changed, added or cut is refused, or proves nothing", "[checkpoint]") {
    SampleTree tree;
    for (const std::string& entry : vector_entries()) tree.add(entry);
    const std::string good = InclusionText{std::nullopt, 5, tree.inclusion(5, 8), golden_checkpoint}.text();
    const auto proves = [&](const std::string& text) {
        const auto read = InclusionText::parse(text);
        const auto checkpoint = read ? open_checkpoint(read->checkpoint, golden_verifier()) : Result<Checkpoint>(read.refusal());
        return checkpoint &&
               verify_inclusion(tree.sha256, tree.leaves[5], read->index, checkpoint->size, read->proof, checkpoint->root);
    };
    CHECK(proves(good));
    rc::prop("no mutation proves", [&] {
        const std::string bad = mutated(good);
        RC_PRE(bad != good);
        RC_ASSERT_FALSE(proves(bad));
    });
}

TEST_CASE("a journal extends each checkpoint that it ever had, and no other", "[checkpoint]") {
    TestJournal journal;
    TestJournal other({}, 2);
    fill_with_samples(journal, 60);
    fill_with_samples(other, 90);
    const auto snapshot = journal->snapshot();
    for (std::uint64_t size = 0; size <= snapshot->size(); ++size) {
        REQUIRE_FALSE(contradiction(*snapshot, checkpoint_of(*snapshot, size)));
        if (size == 0) continue;
        Checkpoint changed = checkpoint_of(*snapshot, size);
        changed.root[3] ^= 1;
        REQUIRE(contradiction(*snapshot, changed));
        Checkpoint foreign = checkpoint_of(*other->snapshot(), size);
        REQUIRE(contradiction(*snapshot, foreign));
        foreign.origin = snapshot->origin();
        REQUIRE(contradiction(*snapshot, foreign));
    }
    Checkpoint longer = checkpoint_of(*other->snapshot(), other.size());
    longer.origin = snapshot->origin();
    CHECK(contradiction(*snapshot, longer)->find("has " + std::to_string(snapshot->size()) + " events") != std::string::npos);
}
