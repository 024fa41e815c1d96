#include "projections/incidents.hpp"

#include <algorithm>

#include "projections/row_codec.hpp"

namespace daybook {
namespace {

constexpr const char* incidents_table = "incidents";
constexpr const char* by_start_table = "incidents_by_start";

std::string start_key(std::int64_t started_at, std::string_view id) {
    std::string key;
    append_big_endian(key, ~sortable(started_at), 8);  // turned round: the newest comes first
    key += id;
    return key;
}

void fill_in(IncidentRow& row, const IncidentCreated& created, const ProjectedEvent& event) {
    row.id = event.journal.stream_id(event.record.stream());
    row.service = created.service;
    row.env = created.env;
    row.title = created.title;
    row.created_by = event.journal.name({event.header().actor});
    row.kind = created.kind;
    row.summary = created.summary;
    row.signature = created.signature;
    if (created.labels) row.labels = created.labels->text;
    if (created.meta) row.meta = created.meta->text;
}

void change(IncidentRow& row, const IncidentUpdated& updated) {
    JsonReader reader;
    const auto changes = reader.read(updated.changes.text);
    if (!changes) return;
    const auto take = [&](std::string_view field, const auto& set) {
        const JsonValue* change = (*changes)->find(field);
        const JsonValue* to = change == nullptr ? nullptr : change->find("to");
        if (to != nullptr) set(*to);
    };
    const auto text_of = [](const JsonValue& value) {
        return value.is_string() ? std::optional(std::string(value.text())) : std::nullopt;
    };
    take("title", [&](const JsonValue& to) { row.title = text_of(to).value_or(row.title); });
    take("summary", [&](const JsonValue& to) { row.summary = text_of(to); });
    take("service", [&](const JsonValue& to) { row.service = text_of(to).value_or(row.service); });
    take("env", [&](const JsonValue& to) { row.env = text_of(to).value_or(row.env); });
    take("kind", [&](const JsonValue& to) { row.kind = text_of(to); });
    take("labels", [&](const JsonValue& to) { row.labels = to.is_null() ? std::nullopt : std::optional(canonical(to)); });
}

// Whether the fold of rows has to see the payload.
bool needs_payload(EventType type) {
    return type == EventType::incident_created || type == EventType::incident_updated || type == EventType::assigned ||
           type == EventType::incident_linked;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char a, char b) { return lower(a) == lower(b); }) !=
           text.end();
}

bool has_label(const IncidentRow& row, const std::pair<std::string, std::string>& label) {
    if (!row.labels) return false;
    JsonReader reader;
    const auto labels = reader.read(*row.labels);
    if (!labels) return false;
    const JsonValue* value = (*labels)->find(label.first);
    return value != nullptr && value->is_string() && value->text() == label.second;
}

bool has_status(IncidentStatus status, IncidentFilter::Status wanted) {
    switch (wanted) {
        case IncidentFilter::Status::unfinished: return is_active(status);
        case IncidentFilter::Status::open: return status == IncidentStatus::open;
        case IncidentFilter::Status::mitigated: return status == IncidentStatus::mitigated;
        case IncidentFilter::Status::resolved: return status == IncidentStatus::resolved;
        case IncidentFilter::Status::closed: return status == IncidentStatus::closed;
        case IncidentFilter::Status::all: return true;
    }
    return true;
}

bool fits(const IncidentRow& row, const IncidentFilter& filter) {
    if (row.state.archived() && !filter.archived) return false;
    if (!has_status(row.state.status, filter.status)) return false;
    if (filter.service && row.service != *filter.service) return false;
    if (filter.env && row.env != *filter.env) return false;
    if (filter.kind && row.kind != *filter.kind) return false;
    if (filter.severity && row.state.severity != *filter.severity) return false;
    if (filter.text && !contains(row.title, *filter.text) && !contains(row.summary.value_or(""), *filter.text)) return false;
    return !filter.label || has_label(row, *filter.label);
}

}  // namespace

std::optional<std::string> apply(IncidentRow& row, const ProjectedEvent& event) {
    const Payload* payload = nullptr;
    if (needs_payload(event.header().type)) {
        const auto decoded = event.payload();
        if (!decoded) return decoded.refusal().message;
        payload = *decoded;
    }
    if (auto reason = apply(row.state, event.header())) return reason;
    if (payload == nullptr) return std::nullopt;
    if (const auto* created = std::get_if<IncidentCreated>(payload)) fill_in(row, *created, event);
    if (const auto* updated = std::get_if<IncidentUpdated>(payload)) change(row, *updated);
    if (const auto* assigned = std::get_if<Assigned>(payload)) row.assignee = assigned->to.value;
    if (const auto* linked = std::get_if<IncidentLinked>(payload)) {
        if (linked->relation == LinkRelation::duplicate_of) row.duplicate_of = linked->other;
    }
    return std::nullopt;
}

void IncidentsProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    incidents_ = *transaction.open(incidents_table);
    by_start_ = *transaction.open(by_start_table);
    rows_.clear();
    lmdb::Cursor cursor(transaction, incidents_);
    last_stored_ = cursor.last() ? static_cast<std::uint32_t>(read_big_endian(cursor.key())) : 0;
}

PayloadUse IncidentsProjection::payload_use(EventType type) const {
    return needs_payload(type) ? PayloadUse::whole : PayloadUse::none;
}

std::optional<std::string> IncidentsProjection::apply(const ProjectedEvent& event) {
    const std::uint32_t number = event.header().stream;
    auto found = rows_.find(number);
    if (found == rows_.end()) {
        const auto bytes = number <= last_stored_ ? transaction_->get(incidents_, key_of(number, 4)) : std::nullopt;
        if (!bytes && !event.of_incident()) return std::nullopt;
        found = rows_.try_emplace(number).first;
        if (bytes) {
            found->second.row = decode_row<IncidentRow>(*bytes);
            found->second.stored_start = found->second.row.state.started_at;
        }
    }
    return daybook::apply(found->second.row, event);
}

void IncidentsProjection::flush() {
    std::vector<std::pair<std::uint32_t, const Cached*>> rows;
    rows.reserve(rows_.size());
    for (const auto& [number, cached] : rows_) {
        if (cached.row.state.exists()) rows.emplace_back(number, &cached);
    }
    std::sort(rows.begin(), rows.end());
    RowEncoder encode;
    for (const auto& [number, cached] : rows) {
        const auto key = key_of(number, 4);
        const std::string& row = encode(cached->row);
        number <= last_stored_ ? transaction_->put(incidents_, key, row) : transaction_->append(incidents_, key, row);
        const std::int64_t start = cached->row.state.started_at;
        if (start == cached->stored_start) continue;
        if (cached->stored_start != RecordHeader::no_time) {
            transaction_->erase(by_start_, start_key(cached->stored_start, cached->row.id));
        }
        transaction_->put(by_start_, start_key(start, cached->row.id), key_of(number, 4));
    }
    rows_.clear();
}

std::string IncidentsProjection::describe(std::string_view table, std::string_view key) const {
    if (table == by_start_table && key.size() > 8) return "incident " + std::string(key.substr(8));
    return "stream " + std::to_string(read_big_endian(key.substr(0, 4)));
}

std::optional<IncidentTable> IncidentTable::open(lmdb::Transaction& transaction) {
    const auto incidents = transaction.open(incidents_table);
    const auto by_start = transaction.open(by_start_table);
    if (!incidents || !by_start) return std::nullopt;
    IncidentTable table;
    table.transaction_ = &transaction;
    table.incidents_ = *incidents;
    table.by_start_ = *by_start;
    return table;
}

std::optional<IncidentRow> IncidentTable::find(StreamNumber number) const {
    const auto bytes = transaction_->get(incidents_, key_of(number.value, 4));
    if (!bytes) return std::nullopt;
    return decode_row<IncidentRow>(*bytes);
}

void IncidentTable::list(const IncidentFilter& filter, const std::function<bool(const IncidentRow&)>& visit,
                         IncidentListOrder order, const std::optional<IncidentPlace>& after) const {
    // Keys with starts in [since, until) lie between these two; starts run backwards in the table.
    std::string from = filter.until ? start_key(to_micros(*filter.until) - 1, "") : std::string();
    std::string to = filter.since ? start_key(to_micros(*filter.since) - 1, "") : std::string();  // not part of it; empty: no end
    const bool forward = order == IncidentListOrder::newest_first;
    if (after) {
        const std::string place = start_key(to_micros(after->started_at), after->id);
        if (forward) {
            from = std::max(from, place + '\0');
        } else {
            to = to.empty() ? place : std::min(to, place);
        }
    }
    lmdb::Cursor cursor(*transaction_, by_start_);
    const auto seek_forward = [&] { return from.empty() ? cursor.first() : cursor.seek(from); };
    // The last key before `to`.
    const auto seek_back = [&] { return !to.empty() && cursor.seek(to) ? cursor.previous() : cursor.last(); };
    for (bool there = forward ? seek_forward() : seek_back(); there; there = forward ? cursor.next() : cursor.previous()) {
        if (forward ? !to.empty() && cursor.key() >= to : cursor.key() < from) return;
        const auto row = find({static_cast<std::uint32_t>(read_big_endian(cursor.value()))});
        if (row && fits(*row, filter) && !visit(*row)) return;
    }
}

void IncidentTable::each(const std::function<void(StreamNumber, const IncidentRow&)>& visit) const {
    lmdb::Cursor cursor(*transaction_, incidents_);
    RowDecoder rows;
    for (bool there = cursor.first(); there; there = cursor.next()) {
        visit({static_cast<std::uint32_t>(read_big_endian(cursor.key()))}, rows.decode<IncidentRow>(cursor.value()));
    }
}

}  // namespace daybook
