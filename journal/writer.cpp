#include "journal/writer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "journal/index_feed.hpp"
#include "journal/layout.hpp"
#include "journal/leaf.hpp"
#include "journal/redaction.hpp"
#include "journal/stream_row.hpp"

namespace daybook {
namespace {

std::uint32_t last_number(const lmdb::Transaction& transaction, lmdb::Table table) {
    lmdb::Cursor cursor(transaction, table);
    return cursor.last() ? static_cast<std::uint32_t>(read_big_endian(cursor.key())) : 0;
}

// The key of the event at `place` (from 0) of what one input led to: the plain key, then `#2`, `#3` …
std::string key_at(const std::string& key, std::size_t place) { return place == 0 ? key : key + '#' + std::to_string(place + 1); }

// Whether `key` looks like one that key_at gave to a later event.
bool is_later_key(std::string_view key) {
    const std::size_t hash = key.find_last_not_of("0123456789");
    return hash != std::string_view::npos && key[hash] == '#' && hash + 1 < key.size();
}

// The digest of the keyed input that led to the event, if it bears one.
std::optional<Digest> input_of(const EncodedPayload& payload) {
    return payload.input_sha256 ? digest_from_hex(*payload.input_sha256) : std::nullopt;
}

// How far ahead of this machine's clock an imported journal may have been recorded. Clocks differ, and a journal is taken whole or
// not at all; but every event until then will bear that time, since recorded times never decrease.
constexpr std::chrono::hours recorded_ahead_max{24};

// Whether the payload could not be read again: a level may have been put around an input that had all that there may be.
bool is_too_deep(const std::string& json) {
    const auto opened = std::count(json.begin(), json.end(), '{') + std::count(json.begin(), json.end(), '[');
    return opened > json_depth_max && !JsonReader().read(json);
}

Refusal invalid(std::string message, std::string field) { return {RefusalCode::invalid, std::move(message), std::move(field)}; }

}  // namespace

Writer::Writer(lmdb::Environment& environment, const JournalTables& tables, const JournalOptions& options, NameCache& names,
               WriterMemory& memory, Sha256& sha256)
    : tables_(tables),
      options_(options),
      names_(names),
      memory_(memory),
      transaction_(environment, lmdb::Transaction::Kind::write),
      view_(transaction_, tables, nullptr, this),
      records_(remembered(memory).frontier, sha256,
               [this](Sequence sequence, std::string_view bytes) { events_->append(key_of(sequence.value, 8), bytes); }) {
    events_.emplace(transaction_, tables_.events);
    keys_.emplace(transaction_, tables_.keys);
    last_recorded_ = memory.last_recorded;
    last_stream_ = last_number(transaction_, tables_.streams);
    last_name_ = last_number(transaction_, tables_.names);
    old_size_ = records_.size();
    if (!options_.indexes.empty()) begin_indexes();
}

// Brought up to date where another process has appended, or at the first transaction.
const WriterMemory& Writer::remembered(WriterMemory& memory) {
    const JournalView journal(transaction_, tables_, nullptr);
    const std::uint64_t size = journal.size();
    if (size != memory.frontier.size() || size == 0) {
        memory.frontier = layout::frontier(journal, size);
        memory.last_recorded = size == 0 ? RecordHeader::no_time : journal.record({size})->header().recorded_at;
    }
    return memory;
}

Writer::~Writer() {
    for (TransactionalIndex* index : options_.indexes) index->end(committed_ ? records_.size() : old_size_);
}

// The answer to an input whose key is there already.
Result<Appended> Writer::answer_again(const KeyedInput& input, const JournalView::Key& known) const {
    const bool comparable = input.sha256 && !known.digest.empty();
    const bool differs = comparable && known.digest != bytes_of(*input.sha256).substr(0, known.digest.size());
    // A digest is missing where the key is that of a later event of another input: `K#2`.
    const bool of_later_event = input.sha256 && known.digest.empty() && is_later_key(input.key);
    if (!differs && !of_later_event) return Appended{known.sequence, 0, true};
    return Refusal{RefusalCode::idempotency_conflict,
                   "the key " + input.key + " was used for another input, at seq " + std::to_string(known.sequence.value) +
                       ": use a new key, or send the same input",
                   "/idempotency_key"};
}

Result<Appended> Writer::append(const AppendRequest& request) {
    if (request.input) {
        const KeyedInput& input = *request.input;
        if (input.key.empty() || input.key.size() > key_bytes_max || !is_clean_utf8(input.key)) {
            return invalid("an idempotency key has 1 to " + std::to_string(key_bytes_max) + " bytes of UTF-8, this one " +
                               std::to_string(input.key.size()),
                           "/idempotency_key");
        }
        if (const auto known = find_key(input.key)) return answer_again(input, *known);
    }
    const Time now = not_before_last(options_.clock());
    Result<Batch> decided = request.decide(view_, now);
    if (!decided) return decided.refusal();
    Batch& batch = *decided;
    if (const auto refusal = check(batch, request)) return *refusal;
    if (batch.events.empty()) return Appended{};

    for (const Blob& blob : batch.blobs) put_blob(blob);
    Appended appended;
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
        NewEvent& event = batch.events[i];
        std::string key;
        Draft draft;
        draft.stream = &stream_at(event.stream);
        draft.payload = &event.payload;
        draft.occurred_at = event.occurred_at;
        draft.recorded_at = not_before_last(event.recorded_at.value_or(now));
        last_recorded_ = to_micros(draft.recorded_at);
        draft.actor = event.actor;
        draft.source = event.source;
        if (request.input) {
            key = key_at(request.input->key, i);
            draft.key = key;
        }
        if (event.event_id) draft.event_id = *event.event_id;
        draft.cause = event.cause_in_batch ? Sequence{appended.first.value + *event.cause_in_batch} : event.cause;
        const Sequence sequence = write(draft);
        if (i == 0) appended.first = sequence;
        if (event.payload.type == EventType::redacted) {
            records_.finish();
            take_payload_out(transaction_, view_, {event.payload.facts.redacts});
        }
        if (!request.input) continue;
        assert(i != 0 || !request.input->sha256 || event.payload.input_sha256);
        put_key(key, sequence, i == 0 && request.input->sha256 ? request.input->sha256 : input_of(event.payload));
    }
    appended.count = batch.events.size();
    return appended;
}

std::optional<Refusal> Writer::check(const Batch& batch, const AppendRequest& request) {
    for (const ExpectedVersion& expected : batch.expected) {
        const std::uint64_t actual = stream_at(expected.stream).head.version;
        if (actual == expected.version) continue;
        const auto said = [](std::uint64_t version) { return version == 0 ? std::string("none") : std::to_string(version); };
        return Refusal{RefusalCode::conflict,
                       "expected_version " + said(expected.version) + ", but " + expected.stream + " is at version " +
                           said(actual) + ": read it again and decide anew",
                       "/expected_version"};
    }
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
        if (auto refusal = check_event(batch.events[i], i)) return refusal;
        if (!request.input || i == 0) continue;
        const std::string key = key_at(request.input->key, i);
        if (key.size() > key_bytes_max) {
            return invalid("this input leads to several events, and with #" + std::to_string(i + 1) + " its key " + "is over " +
                               std::to_string(key_bytes_max) + " bytes",
                           "/idempotency_key");
        }
        if (find_key(key)) {
            return Refusal{RefusalCode::idempotency_conflict, "the key " + key + " is taken by another input", "/idempotency_key"};
        }
    }
    return std::nullopt;
}

std::optional<Refusal> Writer::check_event(const NewEvent& event, std::size_t place) {
    if (event.payload.text.size() > payload_bytes_max) {
        return Refusal{RefusalCode::too_large,
                       "the payload of a " + std::string(to_text(event.payload.type)) + " would have " +
                           std::to_string(event.payload.text.size()) + " bytes, the limit is " + std::to_string(payload_bytes_max) +
                           ": attach the long text as an artifact",
                       ""};
    }
    if (!is_clean_utf8(event.payload.text)) return invalid("a text of its payload is not valid UTF-8", "");
    if (is_too_deep(event.payload.text))
        return invalid("its payload would be nested deeper than " + std::to_string(json_depth_max) + " levels", "");
    if (stream_at(event.stream).head.version == 0 && !is_stream(event.stream))
        return invalid("not a stream: " + event.stream, "/incident_id");
    if (!is_actor(event.actor)) return invalid("not an actor ([A-Za-z0-9._@:-], 1 to 128): " + event.actor, "/agent_id");
    if (event.source.empty() || event.source.size() > name_bytes_max || !is_clean_utf8(event.source))
        return invalid("a source has 1 to 128 bytes of UTF-8", "/source");
    const EventFacts& facts = event.payload.facts;
    if (std::max({facts.service.size(), facts.env.size(), facts.kind.size()}) > layout::stored_name_bytes_max) {
        return invalid("service, env and kind have at most 128 characters", "");
    }
    if (event.event_id &&
        (event.event_id->empty() || event.event_id->size() > layout::stored_key_bytes_max || !is_clean_utf8(*event.event_id))) {
        return invalid("an event_id has 1 to 256 bytes of UTF-8", "/event_id");
    }
    if (event.payload.type == EventType::redacted) {
        if (auto refusal = refuse_redaction(view_, {event.payload.facts.redacts})) return refusal;
    }
    assert(!event.cause_in_batch || *event.cause_in_batch < place);
    (void)place;
    return std::nullopt;
}

std::optional<Refusal> Writer::restore(const Journal::Restored& event) {
    const auto misfit = [&](const std::string& what) {
        return Refusal{RefusalCode::conflict, "event " + std::to_string(event.sequence.value) + " does not fit: " + what, ""};
    };
    if (event.sequence.value != records_.size() + 1) {
        return misfit("the next seq of this journal is " + std::to_string(records_.size() + 1));
    }
    Stream& target = stream_at(event.stream);
    if (event.version != target.head.version + 1) {
        return misfit("version " + std::to_string(event.version) + " of " + event.stream + ", which is at " +
                      std::to_string(target.head.version));
    }
    if (to_micros(event.recorded_at) < last_recorded_) return misfit("recorded_at lies before that of the event before it");
    if (event.recorded_at > options_.clock() + recorded_ahead_max) {
        return invalid("event " + std::to_string(event.sequence.value) + " was recorded at " + format_time(event.recorded_at) +
                           ", more than 24 hours after this machine's clock: is the clock right?",
                       "");
    }
    if (event.cause >= event.sequence) return misfit("its cause is not an earlier event");
    if (event.payload.type == EventType::redacted) {
        const Sequence redacts{event.payload.facts.redacts};
        const auto header = redacts < event.sequence ? view_.header(redacts) : std::nullopt;
        if (!header || (header->flags & RecordHeader::is_redacted) == 0 || view_.redaction_of(redacts)) {
            return misfit("it redacts event " + std::to_string(redacts.value) +
                          ", whose payload is there or was redacted by another");
        }
    }
    if (event.key && find_key(*event.key)) return misfit("its key " + *event.key + " is there already");
    // Of ids that are found by their time there may be others in the same millisecond: who restores sees to that.
    const auto uuid = parse_uuid(event.event_id);
    const bool id_taken = uuid && layout::found_by_time(*uuid, event.recorded_at)
                              ? transaction_.get(tables_.event_ids, layout::bytes_of(*uuid)).has_value()
                              : view_.event_with_id(event.event_id).has_value();
    if (id_taken) return misfit("another event has its event_id " + event.event_id);

    Draft draft;
    draft.stream = &target;
    draft.payload = &event.payload;
    draft.occurred_at = event.occurred_at;
    draft.recorded_at = event.recorded_at;
    draft.actor = event.actor;
    draft.source = event.source;
    if (event.key) draft.key = *event.key;
    draft.event_id = event.event_id;
    draft.cause = event.cause;
    draft.redacted = event.redacted;
    last_recorded_ = to_micros(event.recorded_at);
    const Sequence sequence = write(draft);
    records_.finish();
    if (target.leaf != event.leaf) {
        return misfit("its prev is not the leaf hash of the event before it in " + event.stream +
                      ", or its leaf, payload and salt do not belong together");
    }
    if (event.key) put_key(*event.key, sequence, input_of(event.payload));
    return std::nullopt;
}

void Writer::put_blob(const Blob& blob) {
    if (transaction_.get(tables_.blobs, bytes_of(blob.sha256))) return;
    transaction_.put(tables_.blobs, bytes_of(blob.sha256), blob.bytes);
    changed_ = true;
}

std::optional<StreamHead> Writer::stream(std::string_view id) const {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.head.version == 0) return std::nullopt;
    return found->second.head;
}

Writer::Stream& Writer::stream_at(std::string_view id) {
    if (const auto known = streams_.find(id); known != streams_.end()) return known->second;
    Stream& stream = streams_[std::string(id)];
    stream.id = id;
    if (const auto head = view_.stream(id)) {
        stream.head = *head;
        stream.leaf = head->leaf;
        if (const std::size_t size = 8 * (head->version % layout::block_events); size != 0) {
            const std::uint64_t block = head->version / layout::block_events;
            layout::StreamBlock found;
            layout::find_stream_block(transaction_, tables_, head->number, block, found);
            if (found.seqs().size() != size)
                throw StorageError("the row of the stream " + stream.id + " is damaged: run `daybook verify`");
            stream.block = found.seqs();
            if (found.in_index) stream.old_block = block;
        }
    }
    return stream;
}

const Writer::Name& Writer::intern(Name& last, std::string_view text) {
    if (last.text != text) last = find_or_add_name(text);
    return last;
}

Writer::Name Writer::find_or_add_name(std::string_view text) {
    if (text.empty()) return {};
    if (const auto known = names_.find(text)) return {known->number, known->text};
    if (const auto pending = met_names_.find(text); pending != met_names_.end()) return {pending->second, pending->first};
    auto number = view_.find_name(text);
    if (!number) {
        number = NameNumber{++last_name_};
        transaction_.append(tables_.names, key_of(number->value, 4), text);
        transaction_.put(tables_.name_ids, text, key_of(number->value, 4));
    }
    return {*number, met_names_.emplace(text, *number).first->first};
}

std::optional<JournalView::Key> Writer::find_key(std::string_view key) {
    if (!keys_->seek(key) || keys_->key() != key) return std::nullopt;
    return layout::read_key_row(keys_->value());
}

void Writer::put_key(std::string_view key, Sequence sequence, const std::optional<Digest>& input) {
    char row[8 + layout::key_digest_bytes];
    std::memcpy(row, &sequence.value, 8);
    if (input) std::memcpy(row + 8, input->data(), layout::key_digest_bytes);
    keys_->put(key, {row, input ? sizeof row : 8});
}

// recorded_at never decreases, even if the clock steps back.
Time Writer::not_before_last(Time time) const { return from_micros(std::max(to_micros(time), last_recorded_)); }

// Takes the event's id, or makes one.
void Writer::name_event(RecordDraft& record, const Draft& draft) {
    RecordHeader& header = record.parts.header;
    if (draft.event_id.empty()) {
        header.event_id = make_uuid7(draft.recorded_at, *options_.entropy);
        return;
    }
    const auto uuid = parse_uuid(draft.event_id);
    if (uuid) {
        header.event_id = *uuid;
        if (layout::found_by_time(*uuid, draft.recorded_at)) return;
    } else {
        header.flags |= RecordHeader::has_text_id;
        header.event_id[0] = static_cast<std::uint8_t>(draft.event_id.size());
        header.event_id[1] = static_cast<std::uint8_t>(draft.event_id.size() >> 8);
        record.parts.text_id = draft.event_id;
    }
    std::string row;
    layout::append_u64(row, header.sequence);
    transaction_.put(tables_.event_ids, uuid ? layout::bytes_of(*uuid) : draft.event_id, row);
}

void Writer::keep_facts(RecordHeader& header, Stream& stream, const EventFacts& facts) {
    header.service = intern(stream.service, facts.service).number.value;
    header.env = intern(stream.env, facts.env).number.value;
    header.kind = intern(stream.kind, facts.kind).number.value;
    if (facts.severity) header.severity = static_cast<std::uint8_t>(*facts.severity);
    header.from = facts.from;
    header.to = facts.to;
    if (facts.moment) header.moment = to_micros(*facts.moment);
}

void Writer::begin(Stream& stream) {
    stream.head.number = {++last_stream_};
    transaction_.put(tables_.stream_ids, stream.id, key_of(stream.head.number.value, 4));
    transaction_.append(tables_.streams, key_of(stream.head.number.value, 4),
                        layout::stream_row(stream.head, stream.id, stream.block));
}

// The stream ends with the event `sequence` now.
void Writer::extend(Stream& stream, Sequence sequence) {
    stream.head.version += 1;
    stream.head.sequence = sequence;
    layout::append_u64(stream.block, sequence.value);
    if (stream.head.version % layout::block_events == 0) {
        const std::uint64_t block = stream.head.version / layout::block_events - 1;
        transaction_.put(tables_.stream_index, layout::block_key(stream.head.number, block), stream.block);
        stream.block.clear();
        stream.old_block.reset();
    }
    stream.dirty = true;
}

Sequence Writer::write(const Draft& draft) {
    const EncodedPayload& payload = *draft.payload;
    const EventFacts& facts = payload.facts;
    Stream& stream = *draft.stream;
    const Sequence sequence{records_.size() + 1};

    RecordDraft record;
    RecordHeader& header = record.parts.header;
    header.type = payload.type;
    header.schema_version = payload.schema_version;
    header.payload_size = static_cast<std::uint32_t>(payload.text.size());
    header.sequence = sequence.value;
    header.version = stream.head.version + 1;
    header.occurred_at = to_micros(draft.occurred_at);
    header.recorded_at = to_micros(draft.recorded_at);
    header.previous = stream.head.sequence.value;
    header.cause = draft.cause.value;
    const Name& actor = intern(stream.actor, draft.actor);
    const Name& source = intern(stream.source, draft.source);
    header.actor = actor.number.value;
    header.source = source.number.value;
    keep_facts(header, stream, facts);
    if (stream.head.version == 0) begin(stream);
    header.stream = stream.head.number.value;
    if (payload.seal) {
        record.parts.salt = payload.seal->salt;
        record.payload_digest = payload.seal->digest;
    } else {
        options_.entropy->fill(record.parts.salt.data(), record.parts.salt.size());
    }
    name_event(record, draft);

    record.stream = stream.id;
    record.actor = actor.text;
    record.source = source.text;
    if (draft.key) {
        header.flags |= RecordHeader::has_key;
        header.key_size = static_cast<std::uint16_t>(draft.key->size());
        record.parts.key = *draft.key;
    }
    if (draft.redacted) {
        header.flags |= RecordHeader::is_redacted;
        record.parts.redacted = payload.seal->digest;
    }
    record.parts.payload = payload.text;
    record.stream_leaf = &stream.leaf;

    IndexedEvent indexed{header, stream.id, draft.source, facts, {}};
    if (payload.type == EventType::incident_linked) indexed.linked = view_.stream_number(facts.subject).value_or(StreamNumber{});
    for (TransactionalIndex* index : options_.indexes) index->apply(indexed);
    records_.add(record);

    if (payload.type == EventType::redacted) {
        std::string row;
        layout::append_u64(row, sequence.value);
        transaction_.put(tables_.redactions, key_of(facts.redacts, 8), row);
    }
    extend(stream, sequence);
    changed_ = true;
    return sequence;
}

void Writer::write_streams() {
    std::vector<Stream*> dirty;
    for (auto& [id, stream] : streams_) {
        if (stream.dirty) dirty.push_back(&stream);
    }
    std::sort(dirty.begin(), dirty.end(), [](const Stream* a, const Stream* b) { return a->head.number < b->head.number; });
    for (Stream* stream : dirty) {
        stream->head.leaf = stream->leaf;
        const StreamNumber number = stream->head.number;
        transaction_.put(tables_.streams, key_of(number.value, 4), layout::stream_row(stream->head, stream->id, stream->block));
        if (stream->old_block) transaction_.erase(tables_.stream_index, layout::block_key(number, *stream->old_block));
    }
}

// Tells each index what it does not know yet: of other processes' events, or at the first transaction of this one.
void Writer::begin_indexes() {
    indexed_ = indexed_events(view_);
    for (TransactionalIndex* index : options_.indexes) {
        std::uint64_t known = index->begin(transaction_, indexed_, old_size_);
        if (known == old_size_) continue;
        fed_ = std::max(fed_, old_size_ - known);
        IndexFeed feed(view_);
        while (known < old_size_) {
            feed.give({++known}, *index);
            if (!index->is_large()) continue;
            index->flush();
            index_all_ = true;
            feed.renew();
        }
    }
}

// Seldom, since it changes many pages; and by whoever had much to read, so that the next one need not.
void Writer::write_indexes() {
    constexpr std::uint64_t fed_max = 512;
    const std::uint64_t size = records_.size();
    const bool due = index_all_ || size - indexed_ >= options_.unindexed_max || fed_ >= fed_max;
    if (options_.indexes.empty() || !due) return;
    for (TransactionalIndex* index : options_.indexes) index->flush();
    say_indexed(transaction_, tables_, size);
}

void Writer::commit() {
    constexpr std::uint64_t gathered_once_in = 64, gathered_first = 4;  // commits: the first ones too, and so all tests
    if (transaction_.number() % gathered_once_in == gathered_first) transaction_.gather_free_pages(tables_.meta);
    records_.finish();
    write_streams();
    write_indexes();
    events_.reset();
    keys_.reset();
    transaction_.commit();
    committed_ = true;
    memory_.frontier = records_.frontier();
    memory_.last_recorded = last_recorded_;
    for (const auto& [text, number] : met_names_) names_.add(number, text);
}

}  // namespace daybook
