#include "projections/projection.hpp"

namespace daybook {
Result<const Payload*> PayloadDecoder::decode(const RecordView& record) {
    const RecordHeader& header = record.header();
    if (sequence_ == header.sequence) return &payload_;
    if (record.redacted()) return Refusal{RefusalCode::not_found, "its payload was redacted", ""};
    const auto value = reader_.read(record.payload());
    if (!value) return value.refusal();
    auto decoded = daybook::decode(header.type, header.schema_version, **value);
    if (!decoded) return decoded.refusal();
    payload_ = std::move(*decoded);
    sequence_ = header.sequence;
    return &payload_;
}

}  // namespace daybook
