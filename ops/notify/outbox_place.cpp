#include "ops/notify/outbox_place.hpp"

#include "journal/atomic_file.hpp"
#include "journal/json.hpp"
#include "journal/lmdb.hpp"
#include "journal/small_file.hpp"
#include "projections/object_text.hpp"

namespace daybook {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

// Nothing where a member is missing or is something else.
std::optional<OutboxPlace> place_of(const JsonValue& value) {
    if (!value.is_object()) return std::nullopt;
    const auto text = [](const JsonValue& object, std::string_view name) -> std::optional<std::string> {
        const JsonValue* member = object.is_object() ? object.find(name) : nullptr;
        return member != nullptr && member->is_string() ? std::optional(std::string(member->text())) : std::nullopt;
    };
    const auto number = [](const JsonValue* member) -> std::optional<std::uint64_t> {
        if (member == nullptr || member->kind != JsonValue::Kind::integer || member->integer < 0) return std::nullopt;
        return static_cast<std::uint64_t>(member->integer);
    };
    const auto origin = text(value, "origin");
    const auto position = number(value.find("position"));
    const JsonValue* overdue = value.find("overdue");
    const JsonValue* held = value.find("held");
    if (!origin || !position || overdue == nullptr || held == nullptr || !held->is_object()) return std::nullopt;
    const auto since = text(*overdue, "since");
    const auto followup_id = text(*overdue, "followup_id");
    const auto time = since ? parse_time(*since) : std::nullopt;
    if (!time || !followup_id) return std::nullopt;
    OutboxPlace place{*origin, *position, {*time, *followup_id}, {}};
    for (const JsonMember& member : held->members()) {
        const auto sequence = number(&member.value);
        if (!sequence) return std::nullopt;
        place.held.emplace(member.name, *sequence);
    }
    return place;
}

}  // namespace

std::optional<OutboxPlace> read_outbox_place(const std::filesystem::path& file) {
    const auto bytes = read_if_exists(file, file_bytes_max);
    if (!bytes) return std::nullopt;
    JsonReader reader;
    const auto value = reader.read(*bytes);
    auto place = value ? place_of(**value) : std::nullopt;
    if (!place) {
        throw StorageError(file.string() + " is damaged: remove it; its receiver is then told of what happens from now on");
    }
    return place;
}

void write_outbox_place(const std::filesystem::path& file, const OutboxPlace& place) {
    std::string held;
    ObjectText incidents(held);
    for (const auto& [incident, sequence] : place.held) incidents.number(incident, sequence);
    incidents.finish();
    std::string overdue;
    ObjectText last(overdue);
    last.time("since", to_micros(place.overdue.first));
    last.text("followup_id", place.overdue.second);
    last.finish();
    std::string text;
    ObjectText object(text);
    object.text("origin", place.origin);
    object.number("position", place.position);
    object.raw("overdue", overdue);
    object.raw("held", held);
    object.finish();
    AtomicFile out(file, AtomicFile::Readers::owner_only);
    out.write(text + '\n');
    out.commit();
}

}  // namespace daybook
