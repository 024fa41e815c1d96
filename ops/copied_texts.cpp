#include "ops/copied_texts.hpp"

#include <algorithm>

#include "journal/payload.hpp"
#include "journal/redaction.hpp"
#include "journal/structure.hpp"

namespace daybook {
namespace {

constexpr std::size_t text_bytes_min = 8;

// JSON and Markdown put backslashes before characters; without them a text is the same everywhere.
std::string without_backslashes(std::string_view text) {
    std::string out(text);
    std::erase(out, '\\');
    return out;
}

void collect_texts(const JsonValue& value, std::vector<std::string>& texts) {
    if (value.is_string() && value.size >= text_bytes_min) {
        std::string json;
        append_json_string(json, value.text());
        texts.push_back(without_backslashes(std::string_view(json).substr(1, json.size() - 2)));
    }
    if (value.is_array()) {
        for (const JsonValue& element : value.array()) collect_texts(element, texts);
    }
    if (value.is_object()) {
        for (const JsonMember& member : value.members()) collect_texts(member.value, texts);
    }
}

// What a redaction of the event takes out.
std::vector<std::string> texts_of(const JournalView& journal, Sequence sequence) {
    const auto record = sequence ? journal.record(sequence) : std::nullopt;
    JsonReader reader;
    const auto payload = record ? read_payload(journal, *record, reader) : Result<Payload>(Refusal{});
    if (!payload) return {};
    std::vector<std::string> texts;
    const std::string all = encode(*payload).text;
    if (const auto value = reader.read(all)) collect_texts(**value, texts);
    const std::string kept = without_backslashes(encode(without_texts(*payload)).text);
    std::erase_if(texts, [&](const std::string& text) { return kept.find(text) != std::string::npos; });
    return texts;
}

// The bytes of the artifact that an event attached; empty where it is no such event.
std::string_view artifact_of(const JournalView& journal, const RecordView& record, JsonReader& reader) {
    if (record.type() != EventType::artifact_attached) return {};
    const auto payload = read_payload(journal, record, reader);
    const auto* attached = payload ? std::get_if<ArtifactAttached>(&*payload) : nullptr;
    const auto digest = attached != nullptr ? digest_from_hex(attached->sha256) : std::nullopt;
    return digest ? journal.blob(*digest).value_or("") : std::string_view();
}

}  // namespace

std::vector<Copy> copies_of(const JournalView& journal, Sequence sequence) {
    std::vector<Copy> copies;
    const std::vector<std::string> texts = texts_of(journal, sequence);
    if (texts.empty()) return copies;
    JsonReader reader;
    const auto holds = [&](std::string_view bytes) {
        const std::string plain = without_backslashes(bytes);
        return std::any_of(texts.begin(), texts.end(),
                           [&](const std::string& text) { return plain.find(text) != std::string::npos; });
    };
    journal.scan({1}, journal.size(), [&](const RecordView& record) {
        const bool other = record.sequence() != sequence && !record.redacted();
        if (other && (holds(record.payload()) || holds(artifact_of(journal, record, reader))))
            copies.push_back({record.sequence(), record.type()});
        return true;
    });
    return copies;
}

}  // namespace daybook
