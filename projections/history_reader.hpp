// The entries of many streams, one stream after another: quick where they are asked for in the order of stream numbers, since the
// cursor then stands where the next one begins.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "projections/history.hpp"

namespace daybook {

// In a transaction on the views' environment, which outlives it.
class HistoryReader {
public:
    explicit HistoryReader(lmdb::Transaction& transaction);
    // In the order of seq; nothing where the views hold no history of it. Valid until the next call.
    std::span<const HistoryEntry> entries_of(StreamNumber stream);

private:
    std::optional<lmdb::Cursor> cursor_;  // nothing where there is no table yet
    bool there_ = false;                  // it stands on the row behind those that were read last
    StreamNumber last_{};
    std::vector<HistoryEntry> entries_;
};

}  // namespace daybook
