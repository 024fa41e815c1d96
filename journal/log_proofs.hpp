// Proofs about a journal together with the signed checkpoint that they lead to, as auditors are handed them.
#pragma once

#include <cstdint>
#include <optional>

#include "journal/checkpoint.hpp"
#include "journal/log_signer.hpp"

namespace daybook {

// That event `sequence` is among the first `size` events (all, where none is given). Refuses: not_found (there is no such event),
// and what the signer refuses. Throws StorageError, as the next.
Result<InclusionText> prove_inclusion(const Journal& journal, const LogSigner& signer, Sequence sequence,
                                      std::optional<std::uint64_t> size = std::nullopt);

// That the journal's first `to` events (all, where none is given) begin with its first `from`. Refuses: not_found (`from` is more),
// and what the signer refuses.
Result<ConsistencyText> prove_consistency(const Journal& journal, const LogSigner& signer, std::uint64_t from,
                                          std::optional<std::uint64_t> to = std::nullopt);

}  // namespace daybook
