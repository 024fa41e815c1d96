// Verification of the last events and a sample: verify_quick.
#include <algorithm>
#include <random>
#include <set>

#include "journal/proof.hpp"
#include "journal/verify_parts.hpp"

namespace daybook {
namespace {

using verification::EventCheck;
using verification::Findings;
using verification::Scope;

// Different ones of [1, end), in ascending order.
std::set<std::uint64_t> choose(std::uint64_t end, std::uint64_t count, std::uint64_t seed) {
    std::set<std::uint64_t> chosen;
    if (end <= 1) return chosen;
    std::mt19937_64 random(seed);
    // The standard fixes what this generator gives; distributions differ from library to library.
    while (chosen.size() < std::min(count, end - 1)) chosen.insert(random() % (end - 1) + 1);
    return chosen;
}

// That the stored nodes lead from the leaf of an event to `root`.
class PathCheck {
public:
    PathCheck(const JournalView& journal, std::uint64_t size, const Digest& root, Findings& findings)
        : journal_(journal), size_(size), root_(root), findings_(findings), nodes_(nodes_of(journal)) {}

    void check(std::uint64_t sequence) {
        try {
            const auto record = journal_.record({sequence});
            if (!record) return;  // reported where the event is looked at
            const Proof proof = inclusion_proof(sha256_, nodes_, sequence - 1, size_);
            if (verify_inclusion(sha256_, record->leaf_hash(), sequence - 1, size_, proof, root_)) return;
            findings_.add(Finding::Kind::tree, {sequence}, "the nodes that are stored do not lead from its leaf to the root");
        } catch (const StorageError& error) {
            findings_.add(Finding::Kind::tree, {sequence}, std::string("its path to the root cannot be read: ") + error.what());
            journal_.transaction().renew();  // LMDB takes a transaction that met a damaged page for lost
        }
    }

private:
    const JournalView& journal_;
    std::uint64_t size_;
    Digest root_;
    Findings& findings_;
    TreeNodes nodes_;
    Sha256 sha256_;
};

}  // namespace

QuickVerification verify_quick(const Journal& journal, const QuickOptions& options) {
    Findings findings;
    QuickVerification quick;
    const Snapshot snapshot = journal.snapshot();
    Scope scope{journal.environment(), snapshot->tables(), findings};
    scope.size = snapshot->size();
    scope.event_id_rows = snapshot->transaction().count(scope.tables.event_ids);

    const std::uint64_t first_of_last = scope.size - std::min(scope.size, options.last) + 1;
    const std::set<std::uint64_t> sample = choose(first_of_last, options.sample, options.seed);
    EventCheck check(scope);
    for (std::uint64_t from = first_of_last; from <= scope.size;) {
        from = check.check(from, std::min(from + verification::batch_events, scope.size + 1));
    }
    for (const std::uint64_t sequence : sample) check.check(sequence, sequence + 1);
    quick.checked = sample.size() + (scope.size + 1 - first_of_last);

    Verification& result = quick.verification;
    result.size = scope.size;
    try {
        Sha256 sha256;
        result.root = snapshot->root(sha256, scope.size);
    } catch (const StorageError& error) {
        findings.add(Finding::Kind::tree, {}, std::string("the root cannot be worked out: ") + error.what());
    }
    if (result.root) {
        const Snapshot paths_snapshot = journal.snapshot();
        PathCheck paths(*paths_snapshot, scope.size, *result.root, findings);
        for (std::uint64_t sequence = first_of_last; sequence <= scope.size; ++sequence) paths.check(sequence);
        for (const std::uint64_t sequence : sample) paths.check(sequence);
    }
    findings.give(result);
    return quick;
}

}  // namespace daybook
