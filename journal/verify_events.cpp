// Verification of events, one after the other: verification::EventCheck.
#include <algorithm>
#include <bit>

#include "journal/layout.hpp"
#include "journal/structure.hpp"
#include "journal/verify_parts.hpp"

namespace daybook::verification {
namespace {

using Kind = Finding::Kind;

// Years 0001 to 9999, in microseconds.
constexpr std::int64_t earliest = -62'135'596'800'000'000;
constexpr std::int64_t after_latest = 253'402'300'800'000'000;

std::int64_t millis_of(const RecordView& record) {
    return std::chrono::floor<std::chrono::milliseconds>(record.recorded_at()).time_since_epoch().count();
}

bool found_by_time(const RecordView& record) {
    return (record.header().flags & RecordHeader::has_text_id) == 0 &&
           layout::found_by_time(record.header().event_id, record.recorded_at());
}

std::uint64_t first_bytes(std::string_view bytes) { return layout::read_u64(bytes); }

}  // namespace

void TreeCheck::start(const JournalView& journal, Sequence from) {
    const std::uint64_t size = from.value - 1;
    sound_from_ = 1;
    std::vector<Digest> subtrees;
    std::uint64_t covered = 0;
    for (int level = 63; level >= 0; --level) {
        const std::uint64_t leaves = std::uint64_t{1} << level;
        if ((size & leaves) == 0) continue;
        covered += leaves;
        subtrees.emplace_back();
        try {
            const auto record = journal.record({covered});
            if (record) {
                subtrees.back() = record->node(level);
                continue;
            }
        } catch (const StorageError&) {  // reported where that event is looked at
        }
        sound_from_ = from.value;
    }
    frontier_ = {size, std::move(subtrees)};
}

const std::vector<int>& TreeCheck::add(Sha256& sha256, const RecordView& record) {
    wrong_.clear();
    frontier_.add(sha256, record.leaf_hash(), nodes_);
    for (int level = 1; level < static_cast<int>(nodes_.size()); ++level) {
        const std::uint64_t first = record.sequence().value - (std::uint64_t{1} << level) + 1;
        if (first < sound_from_) break;
        if (nodes_[static_cast<std::size_t>(level)] != record.node(level)) wrong_.push_back(level);
    }
    return wrong_;
}

void TreeCheck::skip(Sha256& sha256, Sequence next) {
    while (frontier_.size() + 1 < next.value) frontier_.add(sha256, Digest{}, nodes_);
    sound_from_ = next.value;
}

void IdCheck::add(const RecordView& record) {
    const std::int64_t millis = millis_of(record);
    if (millis != millis_) {
        finish();
        millis_ = millis;
        mine_ = true;
    }
    if (mine_ && found_by_time(record)) ids_.emplace_back(record.header().event_id, record.sequence().value);
}

bool IdCheck::goes_on(const RecordView& record) const { return mine_ && millis_of(record) == millis_; }

void IdCheck::finish() {
    std::sort(ids_.begin(), ids_.end());
    for (std::size_t i = 1; i < ids_.size(); ++i) {
        if (ids_[i].first != ids_[i - 1].first) continue;
        findings_.add(Kind::event_id, {ids_[i].second},
                      "it has the event_id of event " + std::to_string(ids_[i - 1].second) + ": " + format_uuid(ids_[i].first));
    }
    ids_.clear();
}

EventCheck::EventCheck(const Scope& scope)
    : scope_(scope),
      transaction_(scope.environment, lmdb::Transaction::Kind::read),
      view_(transaction_, scope.tables, nullptr),
      ids_(scope.findings) {}

void EventCheck::take_snapshot() {
    keys_.reset();
    transaction_.renew();
    keys_.emplace(transaction_, scope_.tables.keys);
    streams_.fill({});
}

void EventCheck::begin_batch(std::uint64_t from) {
    take_snapshot();
    batch_.clear();
    first_ = from;
    tree_.start(view_, {from});
    last_recorded_ = RecordHeader::no_time;
    ids_.start(RecordHeader::no_time);
    if (from == 1) return;
    try {
        const auto record = view_.record({from - 1});
        if (!record) return;
        last_recorded_ = record->header().recorded_at;
        ids_.start(millis_of(*record));
    } catch (const StorageError&) {  // reported where that event is looked at
    }
}

std::uint64_t EventCheck::check(std::uint64_t from, std::uint64_t end) {
    std::uint64_t next = from;
    std::uint64_t resume = end;
    begin_batch(from);
    batch_.resize(end - from);
    while (next < end) {
        const std::uint64_t attempted = next;
        try {
            lmdb::Cursor cursor(transaction_, scope_.tables.events);
            bool there = cursor.seek(key_of(next, 8));
            while (next < end) {
                if (there && cursor.key().size() != 8) {
                    scope_.findings.add(Kind::record, {}, "the table of events has a row with the key " + show(cursor.key()));
                    there = cursor.next();
                    continue;
                }
                const std::uint64_t found = there ? read_big_endian(cursor.key()) : UINT64_MAX;
                if (found != next) {
                    lose(next, std::min(found, end), "missing");
                    next = std::min(found, end);
                    if (found > end) resume = std::min(found, scope_.size + 1);
                    continue;
                }
                at_ = next++;  // before it is looked at: what is thrown concerns this event alone
                check_row(cursor.value());
                there = next < end && cursor.next();
            }
        } catch (const std::exception& error) {
            if (next == attempted) at_ = next++;
            lose(at_, next, error.what());
            take_snapshot();  // LMDB takes a transaction that met a damaged page for lost
        }
    }
    finish_ids(end);
    return resume;
}

void EventCheck::lose(std::uint64_t from, std::uint64_t to, const std::string& why) {
    scope_.findings.add(Kind::record, {from},
                        to - from == 1 ? why : why + ", and so are all up to event " + std::to_string(to - 1));
    tree_.skip(sha256_, {to});
}

void EventCheck::report(Kind kind, const std::string& what) { scope_.findings.add(kind, {at_}, what); }

void EventCheck::check_row(std::string_view bytes) {
    const auto record = RecordView::parse(bytes);
    if (!record) {
        report(Kind::record, "its record is damaged");
        return tree_.skip(sha256_, {at_ + 1});
    }
    if (record->sequence().value != at_) {
        report(Kind::order, "the record in its place is that of event " + std::to_string(record->sequence().value));
        return tree_.skip(sha256_, {at_ + 1});
    }
    for (const int level : tree_.add(sha256_, *record)) {
        report(Kind::tree, "the node of the " + std::to_string(std::uint64_t{1} << level) + " leaves that end with it is wrong");
    }
    ids_.add(*record);
    check_header(*record);
    check_order(*record);
    check_stream(*record);
    check_leaf(*record);
    check_payload(*record);
    check_event_id(*record);
}

// What no other check looks at.
void EventCheck::check_header(const RecordView& record) {
    const RecordHeader& header = record.header();
    constexpr unsigned known = RecordHeader::has_key | RecordHeader::has_text_id | RecordHeader::is_redacted;
    if ((header.flags & ~known) != 0 || header.unused != 0) report(Kind::header, "its header has bits that mean nothing");
    if (header.key_size != 0 && !record.key()) report(Kind::header, "its header has the size of a key, but no key");
    if (record.redacted() && header.payload_size != 0) report(Kind::redaction, "it is redacted and has a payload");
    if (header.schema_version == 0) report(Kind::header, "its schema version is 0");
}

void EventCheck::check_order(const RecordView& record) {
    const RecordHeader& header = record.header();
    const auto in_range = [](std::int64_t micros) { return micros >= earliest && micros < after_latest; };
    if (!in_range(header.occurred_at)) report(Kind::order, "its occurred_at lies outside the years 0001 to 9999");
    if (!in_range(header.recorded_at)) report(Kind::order, "its recorded_at lies outside the years 0001 to 9999");
    if (header.recorded_at < last_recorded_) report(Kind::order, "its recorded_at lies before that of the event before it");
    last_recorded_ = header.recorded_at;
    if (header.cause >= header.sequence) report(Kind::order, "its cause is not an earlier event");
}

void EventCheck::check_stream(const RecordView& record) {
    const RecordHeader& header = record.header();
    previous_leaf_.reset();
    if ((header.version == 1) != (header.previous == 0) || header.version == 0) {
        report(Kind::stream, "its version is " + std::to_string(header.version) + ", and the event before it in its stream is " +
                                 std::to_string(header.previous));
    }
    StreamMemory& memory = memory_of(record.stream());
    if (header.previous >= header.sequence) {
        report(Kind::stream, "the event before it in its stream would be " + std::to_string(header.previous));
    } else if (header.previous != 0) {
        const auto previous = previous_in(memory, {header.previous});
        if (!previous || previous->version + 1 != header.version) {
            report(Kind::stream, "event " + std::to_string(header.previous) + ", the one before it in its stream, is not version " +
                                     std::to_string(header.version - 1) + " of it");
        }
    }
    memory.newest = {record.stream(), header.version, record.sequence(), record.leaf_hash()};
    if (header.version == 0) return;
    const std::uint64_t block = (header.version - 1) / layout::block_events;
    if (memory.block_number != block) {
        layout::find_stream_block(transaction_, scope_.tables, record.stream(), block, memory.block);
        memory.block_number = block;
    }
    const std::string_view seqs = memory.block.seqs();
    const std::size_t place = 8 * static_cast<std::size_t>((header.version - 1) % layout::block_events);
    if (seqs.size() >= place + 8 && layout::read_u64(seqs.substr(place)) == header.sequence) {
        if (memory.block.in_index) ++tally_.index_entries;
    } else {
        report(Kind::stream, "stream_index does not have it as version " + std::to_string(header.version) + " of stream " +
                                 std::to_string(header.stream));
    }
}

// The event `sequence`, when it is one of that stream; its leaf is what the next one builds on, of whatever stream it is.
std::optional<StreamHead> EventCheck::previous_in(const StreamMemory& memory, Sequence sequence) {
    StreamHead head = memory.newest;
    if (head.sequence != sequence) {
        const auto bytes = transaction_.get(scope_.tables.events, key_of(sequence.value, 8));
        const auto record = bytes ? RecordView::parse(*bytes) : std::nullopt;
        if (!record) return std::nullopt;
        head = {record->stream(), record->header().version, sequence, record->leaf_hash()};
    }
    previous_leaf_ = head.leaf;
    if (head.number != memory.number) return std::nullopt;
    return head;
}

void EventCheck::check_leaf(const RecordView& record) {
    const RecordHeader& header = record.header();
    const auto kept = record.kept_payload_digest();
    const std::string event_id = record.event_id();
    LeafFields leaf;
    leaf.actor = name(header.actor);
    leaf.cause = {header.cause};
    leaf.event_id = event_id;
    leaf.key = record.key();
    leaf.occurred_at = record.occurred_at();
    leaf.payload_sha256 = kept ? *kept : sha256_({record.salt(), record.payload()});
    leaf.previous = previous_leaf_;
    leaf.recorded_at = record.recorded_at();
    leaf.sequence = record.sequence();
    leaf.source = name(header.source);
    leaf.stream = stream_id(record.stream());
    leaf.type = record.type();
    leaf.schema_version = header.schema_version;
    leaf.version = header.version;
    text_.clear();
    append_leaf_text(text_, leaf);
    if (leaf_hash(sha256_, text_) != record.leaf_hash()) {
        report(Kind::leaf, "its leaf hash does not fit its fields, payload and salt");
    }
}

void EventCheck::check_payload(const RecordView& record) {
    if (record.redacted()) {
        tally_.redacted.push_back(at_);
        return check_key(record, std::nullopt, true);
    }
    const auto value = reader_.read(record.payload());
    if (!value) {
        report(Kind::payload, "its payload is " + value.refusal().message);
        return check_key(record, std::nullopt, false);
    }
    if (!is_canonical(**value, record.payload())) report(Kind::payload, "its payload is not in the form of RFC 8785 (JCS)");
    if (record.header().schema_version > schema_version_of(record.type())) {
        ++tally_.future_versions;
        return check_key(record, std::nullopt, false);
    }
    const bool is_looked_into = record.type() == EventType::incident_updated || record.type() == EventType::redacted;
    const auto payload =
        decode(record.type(), record.header().schema_version, **value, is_looked_into ? JsonFields::kept : JsonFields::left_out);
    if (!payload) {
        report(Kind::payload, "its payload does not decode: " + payload.refusal().message);
        return check_key(record, std::nullopt, false);
    }
    EventFacts facts = facts_of(*payload);
    check_facts(record, facts, "its payload");
    batch_[at_ - first_] = ReadEvent{record.header(), std::move(facts)};
    check_key(record, common_fields(*payload).input_sha256, true);
    if (const auto* artifact = std::get_if<ArtifactAttached>(&*payload)) check_artifact(*artifact);
    if (const auto* redacted = std::get_if<Redacted>(&*payload)) check_redacted(*redacted);
}

void EventCheck::check_facts(const RecordView& record, const EventFacts& facts, const std::string& whose) {
    const RecordHeader& header = record.header();
    const auto check = [&](bool right, const char* field) {
        if (!right) {
            scope_.findings.add(Kind::header, record.sequence(), std::string(field) + " in its header is not that of " + whose);
        }
    };
    const auto severity = facts.severity ? static_cast<std::uint8_t>(*facts.severity) : RecordHeader::none8;
    check(header.severity == severity, "severity");
    check(header.from == facts.from, "from");
    check(header.to == facts.to, "to");
    check(header.moment == (facts.moment ? to_micros(*facts.moment) : RecordHeader::no_time), "moment");
    check(name(header.service) == facts.service, "service");
    check(name(header.env) == facts.env, "env");
    check(name(header.kind) == facts.kind, "kind");
}

void EventCheck::check_artifact(const ArtifactAttached& artifact) {
    const auto digest = digest_from_hex(artifact.sha256);
    if (!digest) return report(Kind::payload, "sha256 of its artifact is not a SHA-256 in hex");
    tally_.blobs.push_back(first_bytes(bytes_of(*digest)));
    const auto blob = view_.blob(*digest);
    if (!blob) return report(Kind::blob, "the bytes of its artifact, " + artifact.sha256 + ", are missing");
    if (static_cast<std::int64_t>(blob->size()) != artifact.size_bytes) {
        report(Kind::blob, "its artifact, " + artifact.sha256 + ", has " + std::to_string(blob->size()) + " bytes, not " +
                               std::to_string(artifact.size_bytes));
    }
}

void EventCheck::check_redacted(const Redacted& redacted) {
    const auto target = static_cast<std::uint64_t>(redacted.redacts);
    if (redacted.redacts < 1 || target >= at_)
        return report(Kind::redaction, "it redacts " + std::to_string(redacted.redacts) + ", which is no earlier event");
    tally_.redactions.push_back(target);
    const auto record = view_.record({target});
    if (!record) return;  // reported where that event is looked at
    if (!record->redacted()) {
        return scope_.findings.add(Kind::redaction, {target},
                                   "its payload is there, though event " + std::to_string(at_) + " redacts it");
    }
    if (record->type() == EventType::redacted)
        report(Kind::redaction, "it redacts event " + std::to_string(target) + ", itself a redaction");
    check_kept(*record, redacted);
    const auto row = view_.redaction_of({target});
    if (row && row->value == at_) {
        ++tally_.redaction_rows;
    } else {
        report(Kind::redaction, "the table of redactions does not have it for event " + std::to_string(target));
    }
}

// What was kept must be what its header says, and nothing that a redaction takes out.
void EventCheck::check_kept(const RecordView& record, const Redacted& redacted) {
    if (record.header().schema_version > schema_version_of(record.type())) return;
    const auto wrong = [&](const std::string& what) {
        report(Kind::redaction, "what it kept of event " + std::to_string(redacted.redacts) + what);
    };
    const auto value = kept_reader_.read(redacted.kept.text);
    const auto kept = value ? decode(record.type(), record.header().schema_version, **value) : Result<Payload>(value.refusal());
    if (!kept) return wrong(" does not decode: " + kept.refusal().message);
    if (encode(without_texts(*kept)).text != redacted.kept.text) wrong(" is more than its structure");
    check_facts(record, facts_of(*kept), "what event " + std::to_string(at_) + " kept of it");
}

// `known`: the payload could be read, and `input_sha256` is what it says.
void EventCheck::check_key(const RecordView& record, const std::optional<std::string>& input_sha256, bool known) {
    const auto key = record.key();
    if (!key) return;
    const bool there = keys_->seek(*key) && keys_->key() == *key;
    const std::string_view row = there ? keys_->value() : std::string_view();
    if (row.size() < 8 || layout::read_u64(row) != at_) {
        return report(Kind::key, "the table of keys does not have its key " + show(*key) + " for it");
    }
    ++tally_.key_rows;
    const auto digest = input_sha256 ? digest_from_hex(*input_sha256) : std::nullopt;
    const std::string_view expected = digest ? bytes_of(*digest).substr(0, layout::key_digest_bytes) : std::string_view();
    const std::string_view stored = row.substr(8);
    const bool possible = stored.empty() || stored.size() == layout::key_digest_bytes;
    if (known ? stored != expected : !possible) {
        report(Kind::key, "the row of its key " + show(*key) + " has another digest than its input_sha256");
    }
}

void EventCheck::check_event_id(const RecordView& record) {
    const std::string text = (record.header().flags & RecordHeader::has_text_id) != 0 ? record.event_id() : std::string();
    const auto uuid = text.empty() ? record.header().event_id : parse_uuid(text);
    const std::string_view key = uuid ? layout::bytes_of(*uuid) : std::string_view(text);
    if (found_by_time(record)) {
        if (scope_.event_id_rows == 0) return;
        const auto row = transaction_.get(scope_.tables.event_ids, key);
        if (row) report(Kind::event_id, "its event_id belongs to event " + std::to_string(layout::read_u64(*row)) + " too");
        return;
    }
    const auto row = transaction_.get(scope_.tables.event_ids, key);
    if (!row || row->size() != 8 || layout::read_u64(*row) != at_) {
        return report(Kind::event_id, "the table of event ids does not have its event_id for it");
    }
    ++tally_.event_id_rows;
}

// The millisecond that this batch's last event began may go on in the next batches.
void EventCheck::finish_ids(std::uint64_t next) {
    try {
        lmdb::Cursor cursor(transaction_, scope_.tables.events);
        for (bool there = cursor.seek(key_of(next, 8)); there; there = cursor.next()) {
            const auto record = RecordView::parse(cursor.value());
            if (!record) continue;  // reported where that event is looked at
            if (record->sequence().value > scope_.size || !ids_.goes_on(*record)) break;
            ids_.add(*record);
        }
    } catch (const StorageError&) {
        take_snapshot();
    }
    ids_.finish();
}

std::string_view EventCheck::name(std::uint32_t number) {
    if (number == 0) return {};
    if (number < scope_.names.size() && !scope_.names[number].empty()) return scope_.names[number];
    const std::string_view text = view_.name({number});
    if (text.empty()) report(Kind::name, "it uses the name " + std::to_string(number) + ", which is not in the table of names");
    return text;
}

EventCheck::StreamMemory& EventCheck::memory_of(StreamNumber number) {
    StreamMemory& memory = streams_[number.value % streams_.size()];
    if (memory.number != number) memory = {number, {}, {}, {}, {}};
    return memory;
}

std::string_view EventCheck::stream_id(StreamNumber number) {
    std::string_view& id = memory_of(number).id;
    if (id.empty()) id = view_.stream_id(number);
    if (id.empty()) report(Kind::stream, "its stream " + std::to_string(number.value) + " is not in the table of streams");
    return id;
}

}  // namespace daybook::verification
