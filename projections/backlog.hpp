// The backlog: what `backlog_item` events say, as the rows that both layouts hold. Read from the journal's stream `$backlog`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "projections/projection.hpp"

namespace daybook {

struct BacklogRow {
    std::string item_id;
    std::string cause;  // a follow-up's id, or env/service/signature
    std::string title;
    Severity priority = Severity::p2;
    Time created_at{};
    std::string created_by;
    Sequence sequence;
};

// Nothing where the event is no backlog item. Texts that were redacted read `[redacted]`.
std::optional<BacklogRow> backlog_row(const RecordView& record, const JournalView& journal, PayloadDecoder& payloads);
// Visits those of the first `size` events, by seq.
void each_backlog_item(const JournalView& journal, std::uint64_t size, const std::function<void(const BacklogRow&)>& visit);
// One object, without the end of a line.
void append_backlog_item(std::string& out, const BacklogRow& row);

}  // namespace daybook
