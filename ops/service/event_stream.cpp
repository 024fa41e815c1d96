#include "ops/service/event_stream.hpp"

#include <stdexcept>

#include "ops/rows.hpp"

namespace daybook {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

}  // namespace

EventStream::EventStream(Form form, EventFilter filter, Read read, Permitted permitted)
    : form_(form), query_(std::move(filter)), read_(std::move(read)), permitted_(std::move(permitted)) {
    if (form_ == Form::csv) csv_.emplace(csv_text_, Format::csv, Style{}, timeline_columns(Format::csv, true));
}

std::optional<std::string> EventStream::next() {
    if (ended_) return std::nullopt;
    if (!permitted_()) throw std::runtime_error("who asked for this stream may not read any more");
    piece_.clear();
    // A client for which there is nothing yet sees that it is connected.
    if (!std::exchange(begun_, true) && form_ == Form::server_sent) piece_ = "retry: 1000\n\n";
    if (csv_) take_csv();  // the header
    EventQuery::Progress progress = EventQuery::Progress::more;
    while (piece_.size() < piece_bytes && progress == EventQuery::Progress::more) {
        read_(query_.uses_index(), [&](const JournalView& journal, lmdb::Transaction* views) {
            progress = query_.step(journal, views, [&](const RecordView& record) {
                append(reader_.read(record, journal));
                return piece_.size() < piece_bytes;
            });
        });
    }
    ended_ = progress == EventQuery::Progress::done || (progress == EventQuery::Progress::caught_up && form_ != Form::server_sent);
    if (ended_ && piece_.empty()) return std::nullopt;
    return piece_;
}

void EventStream::append(const TimelineRow& row) {
    switch (form_) {
        case Form::csv: csv_->add(timeline_cells(row, Format::csv, true)); return take_csv();
        case Form::json_lines: return append_line(piece_, row);
        case Form::server_sent:
            piece_ += "id: " + std::to_string(row.sequence.value) + "\nevent: ";
            piece_ += to_text(row.type);
            piece_ += "\ndata: ";
            append_line(piece_, row);
            piece_ += '\n';
            return;
    }
}

void EventStream::take_csv() {
    csv_->flush();
    piece_ += csv_text_.str();
    csv_text_.str("");
}

}  // namespace daybook
