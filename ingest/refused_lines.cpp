#include "ingest/refused_lines.hpp"

#include <utility>

namespace daybook {

void RefusedLines::add(std::uint64_t number, std::uint64_t offset, const SourceRecord& record, const Refusal& refusal) {
    if (line_ && envelope_ && record.envelope == envelope_) {
        line_->text += ',' + record.text;
        line_->refusals.push_back(refusal);
        return;
    }
    finish();
    envelope_ = record.envelope;
    line_ = {number, offset, envelope_ ? envelope_->before + record.text : record.text, {refusal}};
}

void RefusedLines::finish() {
    if (!line_) return;
    if (envelope_) line_->text += envelope_->after;
    take_(std::move(*line_));
    line_.reset();
}

}  // namespace daybook
