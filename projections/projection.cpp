#include "projections/projection.hpp"

#include "journal/redaction.hpp"

namespace daybook {

Result<const Payload*> PayloadDecoder::decode(const RecordView& record, const JournalView& journal) {
    if (sequence_ == record.sequence().value) return &payload_;
    auto decoded = decode_apart(record, journal);
    if (!decoded) return decoded.refusal();
    adopt(record, std::move(*decoded));
    return &payload_;
}

Result<Payload> PayloadDecoder::decode_apart(const RecordView& record, const JournalView& journal) {
    return read_payload(journal, record, reader_);
}

void PayloadDecoder::adopt(const RecordView& record, Payload payload) {
    payload_ = std::move(payload);
    sequence_ = record.sequence().value;
}

}  // namespace daybook
