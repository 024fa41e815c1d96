#include "journal/log_proofs.hpp"

#include "journal/proof.hpp"

namespace daybook {

Result<InclusionText> prove_inclusion(const Journal& journal, const LogSigner& signer, Sequence sequence,
                                      std::optional<std::uint64_t> size) {
    const std::uint64_t leaves = size.value_or(journal.snapshot()->size());
    if (!sequence || sequence.value > leaves) {
        return Refusal{RefusalCode::not_found,
                       "there is no event " + std::to_string(sequence.value) + " among the first " + std::to_string(leaves),
                       "/seq"};
    }
    const auto made = signer.checkpoint(journal, leaves);
    if (!made) return made.refusal();
    const Snapshot snapshot = journal.snapshot();
    Sha256 sha256;
    InclusionText text;
    text.index = sequence.value - 1;
    text.proof = inclusion_proof(sha256, nodes_of(*snapshot), text.index, leaves);
    text.checkpoint = made->note;
    return text;
}

Result<ConsistencyText> prove_consistency(const Journal& journal, const LogSigner& signer, std::uint64_t from,
                                          std::optional<std::uint64_t> to) {
    const auto made = signer.checkpoint(journal, to);
    if (!made) return made.refusal();
    const std::uint64_t size = made->checkpoint.size;
    if (from > size) {
        return Refusal{RefusalCode::not_found, std::to_string(from) + " is more than " + std::to_string(size) + " events", "/from"};
    }
    const Snapshot snapshot = journal.snapshot();
    Sha256 sha256;
    return ConsistencyText{from, consistency_proof(sha256, nodes_of(*snapshot), from, size), made->note};
}

}  // namespace daybook
