#include "projections/backlog.hpp"

#include "projections/object_text.hpp"

namespace daybook {

std::optional<BacklogRow> backlog_row(const RecordView& record, const JournalView& journal, PayloadDecoder& payloads) {
    if (record.type() != EventType::backlog_item) return std::nullopt;
    const auto payload = payloads.decode(record, journal);
    const auto* item = payload ? std::get_if<BacklogItem>(*payload) : nullptr;
    if (item == nullptr) return std::nullopt;
    return BacklogRow{item->item_id,    item->cause,          item->title,
                      item->priority,   record.occurred_at(), std::string(journal.name({record.header().actor})),
                      record.sequence()};
}

void each_backlog_item(const JournalView& journal, std::uint64_t size, const std::function<void(const BacklogRow&)>& visit) {
    const auto stream = journal.stream_number("$backlog");
    if (!stream) return;
    PayloadDecoder payloads;
    for (const Sequence sequence : journal.stream_sequences(*stream)) {
        if (sequence.value > size) break;
        if (const auto row = backlog_row(*journal.record(sequence), journal, payloads)) visit(*row);
    }
}

void append_backlog_item(std::string& out, const BacklogRow& row) {
    ObjectText object(out);
    object.text("item_id", row.item_id);
    object.text("cause", row.cause);
    object.text("title", row.title);
    object.text("priority", to_text(row.priority));
    object.time("created_at", to_micros(row.created_at));
    object.text("created_by", row.created_by);
    object.number("seq", row.sequence.value);
    object.finish();
}

}  // namespace daybook
