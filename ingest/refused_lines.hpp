// Puts together what was refused of one payload: its refused alerts make one line, since what stands around them may be long.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "ingest/ingest.hpp"
#include "ingest/source_record.hpp"

namespace daybook {

class RefusedLines {
public:
    using Take = std::function<void(RefusedLine line)>;
    explicit RefusedLines(Take take) : take_(std::move(take)) {}

    // In their order: records of one payload come one after the other. `number` and `offset` are those of its line.
    void add(std::uint64_t number, std::uint64_t offset, const SourceRecord& record, const Refusal& refusal);
    // Hands over what is still held.
    void finish();

private:
    Take take_;
    std::optional<RefusedLine> line_;           // without what stands behind its records
    std::shared_ptr<const Envelope> envelope_;  // around the records of `line_`
};

}  // namespace daybook
