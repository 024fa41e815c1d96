#include "projections/projection.hpp"

namespace daybook {

Result<const Payload*> PayloadDecoder::decode(const RecordView& record) {
    if (sequence_ == record.sequence().value) return &payload_;
    auto decoded = decode_apart(record);
    if (!decoded) return decoded.refusal();
    adopt(record, std::move(*decoded));
    return &payload_;
}

Result<Payload> PayloadDecoder::decode_apart(const RecordView& record) {
    if (record.redacted()) return Refusal{RefusalCode::not_found, "its payload was redacted", ""};
    const auto value = reader_.read(record.payload());
    if (!value) return value.refusal();
    return daybook::decode(record.type(), record.header().schema_version, **value);
}

void PayloadDecoder::adopt(const RecordView& record, Payload payload) {
    payload_ = std::move(payload);
    sequence_ = record.sequence().value;
}

}  // namespace daybook
