#include "projections/correlation_index.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <tuple>
#include <utility>

namespace daybook {
namespace {

constexpr const char* hulls_table = "related";
constexpr const char* spans_table = "related_spans";
constexpr const char* starts_table = "related_starts";
constexpr const char* signatures_table = "related_signatures";
constexpr const char* fingerprints_table = "related_fingerprints";

constexpr std::size_t fingerprint_bytes_max = 200;
constexpr std::size_t fingerprint_start_bytes = 128;

// A hull of class n is shorter than 2^n µs; one of the last class has no end.
constexpr std::uint64_t active_class = 64;

// That the event `sequence` said so, and when that was.
struct Telling {
    std::int64_t occurred_at = 0;
    std::uint64_t sequence = 0;
};

std::uint64_t class_of(bool active, std::int64_t first, std::int64_t last) {
    if (active) return active_class;
    return static_cast<std::uint64_t>(std::bit_width(static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first)));
}

FixedKey span_key(std::uint64_t size_class, std::int64_t first, std::uint32_t stream) {
    return FixedKey().add(size_class, 1).add(sortable(first), 8).add(stream, 4);
}

StreamNumber stream_at_end(std::string_view key) {
    return {static_cast<std::uint32_t>(read_big_endian(key.substr(key.size() - 4)))};
}

std::string with_stream(std::string_view start, std::uint32_t stream) {
    std::string key(start);
    append_big_endian(key, stream, 4);
    return key;
}

// FNV-1a: what shares a hash is looked at and found to be another.
std::string fingerprint_key(std::uint64_t run, std::string_view fingerprint) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : fingerprint) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    std::string key;
    append_big_endian(key, run, 4);
    append_big_endian(key, hash, 8);
    return key;
}

std::string_view bytes_of_key(const SignatureKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

[[noreturn]] void fail_damaged() { throw StorageError("a row of the views is damaged: run `daybook replay --rebuild`"); }

Hull hull_of(std::string_view row) {
    if (row.size() < sizeof(Hull)) fail_damaged();
    Hull hull;
    std::memcpy(&hull, row.data(), sizeof hull);
    return hull;
}

// One fingerprint of a row.
struct Fingerprint {
    std::string_view text;
    std::vector<Telling> tellings;  // each with a later seq and an earlier moment than the one before
};

// Takes the first off `rest`, which is what follows the hull.
Fingerprint take_fingerprint(std::string_view& rest) {
    const std::size_t size = rest.size() < 2 ? 0 : static_cast<unsigned char>(rest[0]);
    const std::size_t count = rest.size() < 2 ? 0 : static_cast<unsigned char>(rest[1]);
    if (count == 0 || rest.size() < 2 + size + count * sizeof(Telling)) fail_damaged();
    Fingerprint one{rest.substr(2, size), std::vector<Telling>(count)};
    std::memcpy(one.tellings.data(), rest.data() + 2 + size, count * sizeof(Telling));
    rest.remove_prefix(2 + size + count * sizeof(Telling));
    return one;
}

void append_fingerprint(std::string& row, const Fingerprint& one) {
    row += static_cast<char>(one.text.size());
    row += static_cast<char>(one.tellings.size());
    row += one.text;
    row.append(reinterpret_cast<const char*>(one.tellings.data()), one.tellings.size() * sizeof(Telling));
}

// A telling counts for who looks at fewer events, or at an earlier moment: one that is later on both clocks than another says
// nothing new.
void tell(Fingerprint& one, const Telling& telling) {
    constexpr std::size_t tellings_max = 255;
    if (!one.tellings.empty() && one.tellings.back().occurred_at <= telling.occurred_at) return;
    if (one.tellings.size() == tellings_max) one.tellings.pop_back();
    one.tellings.push_back(telling);
}

constexpr int run_bits = 16;

// `moment` - `by`, or the earliest moment that there is.
std::int64_t earlier(std::int64_t moment, std::uint64_t by) {
    const std::uint64_t room = static_cast<std::uint64_t>(moment) - static_cast<std::uint64_t>(INT64_MIN);
    return by > room ? INT64_MIN : static_cast<std::int64_t>(static_cast<std::uint64_t>(moment) - by);
}

}  // namespace

SignatureKey signature_key(Sha256& sha256, std::string_view signature) {
    SignatureKey key{};
    const Digest digest = sha256({signature});
    std::copy_n(digest.begin(), key.size(), key.begin());
    return key;
}

std::vector<std::string> CorrelationProjection::tables() const {
    return {hulls_table, spans_table, starts_table, signatures_table, fingerprints_table};
}

void CorrelationProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    hulls_ = *transaction.open(hulls_table);
    spans_ = *transaction.open(spans_table);
    starts_ = *transaction.open(starts_table);
    signatures_ = *transaction.open(signatures_table);
    fingerprints_ = *transaction.open(fingerprints_table);
    lmdb::Cursor cursor(transaction, hulls_);
    last_stored_ = cursor.last() ? static_cast<std::uint32_t>(read_big_endian(cursor.key())) : 0;
    cached_.clear();
    alerts_.clear();
    texts_.clear();
}

CorrelationProjection::Cached* CorrelationProjection::find(const ProjectedEvent& event) {
    const std::uint32_t number = event.header().stream;
    const auto known = cached_.find(number);
    if (known != cached_.end()) return &known->second;
    if (!event.of_incident()) return nullptr;
    Cached cached;
    const auto row = number <= last_stored_ ? transaction_->get(hulls_, key_of(number, 4)) : std::nullopt;
    if (row) {
        cached.hull = hull_of(*row);
        cached.stored_first = cached.hull.first;
    }
    return &cached_.emplace(number, cached).first->second;
}

std::optional<std::string> CorrelationProjection::apply(const ProjectedEvent& event) {
    Cached* cached = find(event);
    if (cached == nullptr) return std::nullopt;
    Hull& hull = cached->hull;
    const RecordHeader& header = event.header();
    // What the fold of now refuses may be taken as of an earlier moment, so it counts here all the same.
    std::ignore = daybook::apply(hull.state, header);
    hull.last = std::max(hull.last, header.occurred_at);
    if (header.type == EventType::incident_created) take_created(hull, event);
    if (header.type == EventType::incident_updated && header.moment != RecordHeader::no_time) {
        take_start(hull, header.moment, header.stream);
    }
    if (header.type == EventType::alert) take_alert(*cached, event);
    return std::nullopt;
}

void CorrelationProjection::take_start(Hull& hull, std::int64_t started_at, std::uint32_t stream) {
    hull.first = std::min(hull.first, started_at);
    hull.last = std::max(hull.last, started_at);
    new_starts_.emplace_back(std::string_view(FixedKey().add(sortable(started_at), 8).add(stream, 4)));
}

void CorrelationProjection::take_created(Hull& hull, const ProjectedEvent& event) {
    take_start(hull, event.header().moment, event.header().stream);
    const auto payload = event.payload();
    const auto* created = payload ? std::get_if<IncidentCreated>(*payload) : nullptr;
    if (created == nullptr || !created->signature) return;
    hull.signature = signature_key(sha256_, *created->signature);
    new_signatures_.push_back(with_stream(bytes_of_key(hull.signature), event.header().stream));
}

void CorrelationProjection::take_alert(Cached& cached, const ProjectedEvent& event) {
    std::string_view fingerprint;
    std::string kept;
    if (event.record.redacted()) {
        const auto payload = event.payload();
        const auto* alert = payload ? std::get_if<Alert>(*payload) : nullptr;
        if (alert == nullptr) return;
        append_json_string(kept, alert->fingerprint);
        fingerprint = kept;
    } else {
        fingerprint = event.fingerprint;
    }
    if (fingerprint.size() < 3) return;  // an empty text in its quotes
    fingerprint = fingerprint.substr(1, fingerprint.size() - 2);
    if (fingerprint.size() > fingerprint_bytes_max) {
        kept = std::string(fingerprint.substr(0, fingerprint_start_bytes)) + to_hex(sha256_({fingerprint}));
        fingerprint = kept;
    }
    Told told;
    told.previous = std::exchange(cached.newest_alert, static_cast<std::uint32_t>(alerts_.size() + 1));
    told.at = static_cast<std::uint32_t>(texts_.size());
    told.size = static_cast<std::uint32_t>(fingerprint.size());
    told.occurred_at = event.header().occurred_at;
    told.sequence = event.header().sequence;
    texts_ += fingerprint;
    alerts_.push_back(told);
}

void CorrelationProjection::flush() {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(cached_.size());
    for (const auto& [number, cached] : cached_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    std::string row;
    for (const std::uint32_t number : numbers) {
        Cached& cached = cached_.at(number);
        flush_span(number, cached);
        const bool known_before = number <= last_stored_;
        const auto stored = known_before ? transaction_->get(hulls_, key_of(number, 4)) : std::nullopt;
        const std::string_view known = stored ? stored->substr(sizeof(Hull)) : std::string_view();
        const std::string fingerprints = fingerprints_of(number, cached, known);
        row.assign(reinterpret_cast<const char*>(&cached.hull), sizeof(Hull));
        row += fingerprints;
        known_before ? transaction_->put(hulls_, key_of(number, 4), row) : transaction_->append(hulls_, key_of(number, 4), row);
    }
    const auto put_all = [&](lmdb::Table table, std::vector<std::string>& keys) {
        std::sort(keys.begin(), keys.end());
        for (const std::string& key : keys) transaction_->put(table, key, {});
        keys.clear();
    };
    put_all(starts_, new_starts_);
    put_all(signatures_, new_signatures_);
    put_all(fingerprints_, new_fingerprints_);
    cached_.clear();
    alerts_.clear();
    texts_.clear();
}

void CorrelationProjection::flush_span(std::uint32_t number, Cached& cached) {
    Hull& hull = cached.hull;
    if (hull.first == INT64_MAX) return;
    const std::uint64_t size_class = class_of(!hull.state.exists() || hull.state.active(), hull.first, hull.last);
    if (size_class == hull.size_class && hull.first == cached.stored_first) return;
    if (hull.size_class != Hull::no_class) transaction_->erase(spans_, span_key(hull.size_class, cached.stored_first, number));
    transaction_->put(spans_, span_key(size_class, hull.first, number), {});
    hull.size_class = size_class;
}

// The stored ones and those of this transaction; notes what is new for the table by hash.
std::string CorrelationProjection::fingerprints_of(std::uint32_t number, const Cached& cached, std::string_view stored) {
    if (cached.newest_alert == 0) return std::string(stored);
    std::vector<const Told*> told;
    for (std::uint32_t place = cached.newest_alert; place != 0; place = alerts_[place - 1].previous)
        told.push_back(&alerts_[place - 1]);
    const auto text_of = [&](const Told& one) { return std::string_view(texts_).substr(one.at, one.size); };
    std::sort(told.begin(), told.end(), [&](const Told* a, const Told* b) {
        const int order = text_of(*a).compare(text_of(*b));
        return order != 0 ? order < 0 : a->sequence < b->sequence;
    });
    std::string row;
    std::optional<Fingerprint> next;  // of the stored ones
    const auto advance = [&] { next = stored.empty() ? std::nullopt : std::optional(take_fingerprint(stored)); };
    advance();
    for (auto at = told.begin(); at != told.end();) {
        const std::string_view text = text_of(**at);
        for (; next && next->text < text; advance()) append_fingerprint(row, *next);
        Fingerprint one{text, {}};
        if (next && next->text == text) {
            one = std::move(*next);
            advance();
        } else {
            new_fingerprints_.push_back(with_stream(fingerprint_key((*at)->sequence >> run_bits, text), number));
        }
        for (; at != told.end() && text_of(**at) == text; ++at) tell(one, {(*at)->occurred_at, (*at)->sequence});
        append_fingerprint(row, one);
    }
    for (; next; advance()) append_fingerprint(row, *next);
    return row;
}

std::string CorrelationProjection::describe(std::string_view table, std::string_view key) const {
    if (key.size() < 4) return "a key of another form";
    const bool stream_first = table == hulls_table;
    const auto stream = stream_first ? read_big_endian(key.substr(0, 4)) : std::uint64_t{stream_at_end(key).value};
    return "stream " + std::to_string(stream);
}

std::optional<CorrelationIndex> CorrelationIndex::open(lmdb::Transaction& transaction) {
    CorrelationIndex index;
    index.transaction_ = &transaction;
    const auto open = [&](const char* name, lmdb::Table& table) {
        const auto found = transaction.open(name);
        if (found) table = *found;
        return found.has_value();
    };
    const bool all = open(hulls_table, index.hulls_) && open(spans_table, index.spans_) && open(starts_table, index.starts_) &&
                     open(signatures_table, index.signatures_) && open(fingerprints_table, index.fingerprints_);
    return all ? std::optional(index) : std::nullopt;
}

void CorrelationIndex::each_between(std::int64_t from, std::int64_t to, const Visit& visit) const {
    lmdb::Cursor cursor(*transaction_, spans_);
    for (std::uint64_t size_class = 0; size_class <= active_class; ++size_class) {
        const std::int64_t earliest = size_class >= 63 ? INT64_MIN : earlier(from, std::uint64_t{1} << size_class);
        for (bool there = cursor.seek(span_key(size_class, earliest, 0)); there; there = cursor.next()) {
            const std::string_view key = cursor.key();
            if (static_cast<std::uint8_t>(key[0]) != size_class || from_sortable(read_big_endian(key.substr(1, 8))) > to) break;
            visit(stream_at_end(key));
        }
    }
}

void CorrelationIndex::each_started(std::int64_t from, std::int64_t end, const Visit& visit) const {
    lmdb::Cursor cursor(*transaction_, starts_);
    for (bool there = cursor.seek(key_of(sortable(from), 8)); there; there = cursor.next()) {
        if (from_sortable(read_big_endian(cursor.key().substr(0, 8))) >= end) return;
        visit(stream_at_end(cursor.key()));
    }
}

void CorrelationIndex::each_of_signature(const SignatureKey& signature, const Visit& visit) const {
    const std::string_view start = bytes_of_key(signature);
    lmdb::Cursor cursor(*transaction_, signatures_);
    for (bool there = cursor.seek(start); there && cursor.key().starts_with(start); there = cursor.next()) {
        visit(stream_at_end(cursor.key()));
    }
}

void CorrelationIndex::each_with_fingerprint(std::string_view fingerprint, const Visit& visit) const {
    lmdb::Cursor cursor(*transaction_, fingerprints_);
    const std::uint64_t runs = cursor.last() ? read_big_endian(cursor.key().substr(0, 4)) + 1 : 0;
    for (std::uint64_t run = 0; run < runs; ++run) {
        const std::string start = fingerprint_key(run, fingerprint);
        for (bool there = cursor.seek(start); there && cursor.key().starts_with(start); there = cursor.next()) {
            visit(stream_at_end(cursor.key()));
        }
    }
}

SignatureKey CorrelationIndex::signature_of(StreamNumber incident) const {
    const auto row = transaction_->get(hulls_, key_of(incident.value, 4));
    return row ? hull_of(*row).signature : SignatureKey{};
}

std::vector<std::string> CorrelationIndex::fingerprints_of(StreamNumber incident, std::int64_t end, std::uint64_t size) const {
    std::vector<std::string> fingerprints;
    const auto row = transaction_->get(hulls_, key_of(incident.value, 4));
    std::string_view rest = row ? row->substr(std::min(row->size(), sizeof(Hull))) : std::string_view();
    while (!rest.empty()) {
        const Fingerprint one = take_fingerprint(rest);
        const bool told = std::any_of(one.tellings.begin(), one.tellings.end(), [&](const Telling& telling) {
            return telling.occurred_at < end && telling.sequence <= size;
        });
        if (told) fingerprints.emplace_back(one.text);
    }
    return fingerprints;
}

}  // namespace daybook
