#include "projections/followups.hpp"

#include <algorithm>
#include <iterator>

#include "journal/redaction.hpp"
#include "projections/row_codec.hpp"

namespace daybook {
namespace {

constexpr const char* followups_table = "followups";
constexpr const char* ids_table = "followup_ids";

FollowupState initial_state(const FollowupAdded& added, std::int64_t occurred_at) {
    FollowupState state;
    state.title = added.title;
    state.owner = added.owner;
    state.priority = added.priority;
    if (added.due_at) state.due_at = to_micros(*added.due_at);
    state.status = added.status;
    if (state.finished()) state.finished_at = occurred_at;
    return state;
}

void apply_changes(FollowupState& state, const JsonText& text) {
    JsonReader reader;
    const auto changes = reader.read(text.text);
    if (!changes) return;
    const auto new_value = [&](std::string_view field) -> const JsonValue* {
        const JsonValue* change = (*changes)->find(field);
        return change == nullptr ? nullptr : change->find("to");
    };
    if (const JsonValue* to = new_value("title"); to != nullptr && to->is_string()) state.title = to->text();
    if (const JsonValue* to = new_value("owner")) {
        state.owner = to->is_string() ? std::optional(std::string(to->text())) : std::nullopt;
    }
    if (const JsonValue* to = new_value("priority"); to != nullptr && to->is_string()) {
        state.priority = from_text<Severity>(to->text()).value_or(state.priority);
    }
    if (const JsonValue* to = new_value("due_at")) {
        const auto due = to->is_string() ? parse_time(to->text()) : std::nullopt;
        state.due_at = due ? to_micros(*due) : RecordHeader::no_time;
    }
}

}  // namespace

std::optional<std::string> apply(std::optional<FollowupState>& state, const Payload& payload, std::int64_t occurred_at) {
    if (const auto* added = std::get_if<FollowupAdded>(&payload)) {
        if (state) return "there is a follow-up " + added->followup_id + " already";
        state = initial_state(*added, occurred_at);
        return std::nullopt;
    }
    if (!state) return "there is no follow-up " + followup_id_of(payload);
    if (const auto* changed = std::get_if<FollowupStatusChanged>(&payload)) {
        if (state->status != changed->from) {
            return "it changes the status from one that " + changed->followup_id + " does not have, which is " +
                   std::string(to_text(state->status));
        }
        state->status = changed->to;
        state->finished_at = state->finished() ? occurred_at : RecordHeader::no_time;
    }
    if (const auto* updated = std::get_if<FollowupUpdated>(&payload)) apply_changes(*state, updated->changes);
    return std::nullopt;
}

std::string followup_id_of(const Payload& payload) {
    if (const auto* added = std::get_if<FollowupAdded>(&payload)) return added->followup_id;
    if (const auto* changed = std::get_if<FollowupStatusChanged>(&payload)) return changed->followup_id;
    if (const auto* updated = std::get_if<FollowupUpdated>(&payload)) return updated->followup_id;
    return "";
}

std::optional<FollowupState> state_as_of(const Followup& followup, const JournalView& journal, std::int64_t end,
                                         std::uint64_t size) {
    const auto counts = [&](const Followup::Change& change) { return change.occurred_at < end && change.sequence <= size; };
    const auto left_out = std::find_if_not(followup.changes.begin(), followup.changes.end(), counts);
    std::optional<FollowupState> state;
    if (left_out != followup.changes.begin()) state = std::prev(left_out)->state;
    // Those after it were applied to a state that it had changed.
    JsonReader reader;
    for (auto change = left_out; change != followup.changes.end(); ++change) {
        if (!counts(*change)) continue;
        const auto record = journal.record({change->sequence});
        if (!record) continue;
        const auto payload = read_payload(journal, *record, reader);
        if (payload) apply(state, *payload, change->occurred_at);  // what does not fit had not happened
    }
    return state;
}

void FollowupsProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    followups_ = *transaction.open(followups_table);
    ids_ = *transaction.open(ids_table);
    rows_.clear();
}

PayloadUse FollowupsProjection::payload_use(EventType type) const {
    const bool of_followup =
        type == EventType::followup || type == EventType::followup_status_change || type == EventType::followup_updated;
    return of_followup ? PayloadUse::whole : PayloadUse::none;
}

std::optional<std::string> FollowupsProjection::apply(const ProjectedEvent& event) {
    if (payload_use(event.header().type) == PayloadUse::none || !event.of_incident()) return std::nullopt;
    const auto payload = event.payload();
    if (!payload) return payload.refusal().message;
    const std::string id = followup_id_of(**payload);
    if (id.empty() || id.size() > key_bytes_max) return "a follow-up's id has 1 to 256 bytes";
    const std::int64_t at = event.header().occurred_at;
    Followup* known = find(id);
    if (known != nullptr && known->stream != event.header().stream) return id + " belongs to " + known->incident_id;

    std::optional<FollowupState> state = known == nullptr ? std::nullopt : std::optional(known->state);
    if (auto reason = daybook::apply(state, **payload, at)) return reason;
    if (known == nullptr) {
        Cached cached;
        cached.key = std::string(FixedKey().add(event.header().stream, 4).add(event.header().sequence, 8));
        cached.row.id = id;
        cached.row.incident_id = event.journal.stream_id(event.record.stream());
        cached.row.stream = event.header().stream;
        cached.row.created_at = cached.row.updated_at = at;
        known = &rows_.insert_or_assign(id, std::move(cached)).first->second.row;
    }
    known->state = *state;
    known->updated_at = std::max(known->updated_at, at);
    known->changes.push_back({at, event.header().sequence, *state});
    return std::nullopt;
}

Followup* FollowupsProjection::find(const std::string& id) {
    const auto found = rows_.find(id);
    if (found != rows_.end()) return &found->second.row;
    const auto key = transaction_->get(ids_, id);
    if (!key) return nullptr;
    const auto bytes = transaction_->get(followups_, *key);
    if (!bytes) return nullptr;
    return &rows_.emplace(id, Cached{std::string(*key), decode_row<Followup>(*bytes)}).first->second.row;
}

void FollowupsProjection::flush() {
    std::vector<const Cached*> dirty;
    for (const auto& [id, cached] : rows_) dirty.push_back(&cached);
    std::sort(dirty.begin(), dirty.end(), [](const Cached* a, const Cached* b) { return a->key < b->key; });
    RowEncoder encode;
    for (const Cached* cached : dirty) {
        transaction_->put(followups_, cached->key, encode(cached->row));
        transaction_->put(ids_, cached->row.id, cached->key);
    }
    rows_.clear();
}

std::string FollowupsProjection::describe(std::string_view table, std::string_view key) const {
    if (table == ids_table) return "follow-up " + std::string(key);
    return "the follow-up added by event " + std::to_string(read_big_endian(key.substr(4)));
}

void scan_followups(lmdb::Transaction& transaction, const std::function<bool(const Followup&)>& visit) {
    const auto table = transaction.open(followups_table);
    if (!table) return;
    lmdb::Cursor cursor(transaction, *table);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        if (!visit(decode_row<Followup>(cursor.value()))) return;
    }
}

std::vector<Followup> followups_of(lmdb::Transaction& transaction, StreamNumber incident) {
    std::vector<Followup> found;
    const auto table = transaction.open(followups_table);
    if (!table) return found;
    lmdb::Cursor cursor(transaction, *table);
    const auto prefix = key_of(incident.value, 4);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
        found.push_back(decode_row<Followup>(cursor.value()));
    }
    return found;
}

std::optional<Followup> find_followup(lmdb::Transaction& transaction, std::string_view id) {
    const auto table = transaction.open(followups_table);
    const auto ids = transaction.open(ids_table);
    if (!table || !ids || id.empty() || id.size() > key_bytes_max) return std::nullopt;
    const auto key = transaction.get(*ids, id);
    if (!key) return std::nullopt;
    const auto bytes = transaction.get(*table, *key);
    if (!bytes) return std::nullopt;
    return decode_row<Followup>(*bytes);
}

}  // namespace daybook
