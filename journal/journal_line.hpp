// One line of journal.jsonl, read back and checked by itself. For journal/ alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.hpp"
#include "journal/written_json.hpp"

namespace daybook {

// A line may hold the largest payload, and its leaf.
inline constexpr std::size_t journal_line_bytes_max = 1024 * 1024;

// Reads lines one after the other. Not thread-safe; its buffers are kept.
class JournalLineReader {
public:
    // The event in `line`, sealed, with its leaf hash. Everything that one line can show is checked: strict JSON, exactly
    // the members, canonical text, payload_sha256, and that the payload decodes. A schema version from the future is taken
    // as it stands, with its text and no facts. Of a redacted event `facts` and `input_sha256` stay empty.
    // Refuses: invalid, with a JSON Pointer into the line.
    Result<Journal::Restored> read(std::string_view line);

    // Of the line that was read last, if it is an artifact_attached.
    struct Artifact {
        Digest sha256;
        std::int64_t size_bytes = 0;
    };
    const std::optional<Artifact>& artifact() const { return artifact_; }
    // The `prev` of the line that was read last: the leaf hash of the event before it in its stream.
    const std::optional<Digest>& previous() const { return previous_; }
    // The payload of the line that was read last, for who needs more of it; null when redacted. Valid until the next read.
    const JsonValue* payload() const { return payload_; }

private:
    std::optional<Refusal> read_leaf(const JsonValue& leaf, Journal::Restored& event);
    std::optional<Refusal> read_payload(const JsonValue& payload, const JsonValue& salt, Journal::Restored& event);
    std::optional<Refusal> decode_payload(const JsonValue& payload, Journal::Restored& event);

    WrittenJsonReader reader_;
    Sha256 sha256_;
    std::string_view line_;  // that is being read
    std::string leaf_text_;
    Digest payload_sha256_{};  // as the leaf says
    std::optional<Digest> previous_;
    const JsonValue* payload_ = nullptr;
    std::optional<Artifact> artifact_;
};

}  // namespace daybook
