#include "projections/correlation_index.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <tuple>

#include "projections/canonical_walk.hpp"

namespace daybook {
namespace {

constexpr const char* hulls_table = "related";
constexpr const char* spans_table = "related_spans";
constexpr const char* starts_table = "related_starts";
constexpr const char* signatures_table = "related_signatures";
constexpr const char* fingerprints_table = "related_fingerprints";
constexpr const char* reverse_table = "fingerprints_related";

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

std::string fingerprint_key(std::uint32_t stream, std::string_view fingerprint) {
    std::string key;
    append_big_endian(key, stream, 4);
    key += fingerprint;
    return key;
}

std::string_view bytes_of_key(const SignatureKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

Hull hull_of(std::string_view row) {
    if (row.size() != sizeof(Hull)) throw StorageError("a row of the views is damaged: run `daybook replay --rebuild`");
    Hull hull;
    std::memcpy(&hull, row.data(), sizeof hull);
    return hull;
}

std::vector<Telling> tellings_of(std::string_view row) {
    std::vector<Telling> tellings(row.size() / sizeof(Telling));
    std::memcpy(tellings.data(), row.data(), tellings.size() * sizeof(Telling));
    return tellings;
}

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
    return {hulls_table, spans_table, starts_table, signatures_table, fingerprints_table, reverse_table};
}

void CorrelationProjection::begin(lmdb::Transaction& transaction) {
    transaction_ = &transaction;
    hulls_ = *transaction.open(hulls_table);
    spans_ = *transaction.open(spans_table);
    starts_ = *transaction.open(starts_table);
    signatures_ = *transaction.open(signatures_table);
    fingerprints_ = *transaction.open(fingerprints_table);
    reverse_ = *transaction.open(reverse_table);
    cached_.clear();
    alerts_.clear();
}

Hull* CorrelationProjection::find(const ProjectedEvent& event) {
    const std::uint32_t number = event.header().stream;
    const auto known = cached_.find(number);
    if (known != cached_.end()) return &known->second.hull;
    if (!event.of_incident()) return nullptr;
    Cached cached;
    if (const auto row = transaction_->get(hulls_, key_of(number, 4))) {
        cached.hull = hull_of(*row);
        cached.stored_first = cached.hull.first;
    }
    return &cached_.emplace(number, cached).first->second.hull;
}

std::optional<std::string> CorrelationProjection::apply(const ProjectedEvent& event) {
    Hull* hull = find(event);
    if (hull == nullptr) return std::nullopt;
    const RecordHeader& header = event.header();
    // What the fold of now refuses may be taken as of an earlier moment, so it counts here all the same.
    std::ignore = daybook::apply(hull->state, header);
    hull->last = std::max(hull->last, header.occurred_at);
    if (header.type == EventType::incident_created) take_created(*hull, event);
    if (header.type == EventType::incident_updated && header.moment != RecordHeader::no_time) {
        take_start(*hull, header.moment, header.stream);
    }
    if (header.type == EventType::alert) take_alert(event);
    return std::nullopt;
}

void CorrelationProjection::take_start(Hull& hull, std::int64_t started_at, std::uint32_t stream) {
    hull.first = std::min(hull.first, started_at);
    hull.last = std::max(hull.last, started_at);
    transaction_->put(starts_, FixedKey().add(sortable(started_at), 8).add(stream, 4), {});
}

void CorrelationProjection::take_created(Hull& hull, const ProjectedEvent& event) {
    take_start(hull, event.header().moment, event.header().stream);
    const auto payload = event.payload();
    const auto* created = payload ? std::get_if<IncidentCreated>(*payload) : nullptr;
    if (created == nullptr || !created->signature) return;
    hull.signature = signature_key(sha256_, *created->signature);
    transaction_->put(signatures_, with_stream(bytes_of_key(hull.signature), event.header().stream), {});
}

void CorrelationProjection::take_alert(const ProjectedEvent& event) {
    std::string fingerprint;
    if (event.record.redacted()) {
        const auto payload = event.payload();
        const auto* alert = payload ? std::get_if<Alert>(*payload) : nullptr;
        if (alert == nullptr) return;
        append_json_string(fingerprint, alert->fingerprint);
    } else {
        const std::string_view payload = event.record.payload();
        const auto place = find_member(payload, "fingerprint");
        if (!place) return;
        fingerprint = payload.substr(place->value, place->end - place->value);
    }
    if (fingerprint.size() < 3) return;  // an empty text in its quotes
    fingerprint = fingerprint.substr(1, fingerprint.size() - 2);
    if (fingerprint.size() > fingerprint_bytes_max) {
        fingerprint = fingerprint.substr(0, fingerprint_start_bytes) + to_hex(sha256_({fingerprint}));
    }
    alerts_.push_back({event.header().stream, std::move(fingerprint), event.header().occurred_at, event.header().sequence});
}

void CorrelationProjection::flush() {
    flush_hulls();
    flush_alerts();
}

void CorrelationProjection::flush_hulls() {
    std::vector<std::uint32_t> numbers;
    numbers.reserve(cached_.size());
    for (const auto& [number, cached] : cached_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint32_t number : numbers) {
        Cached& cached = cached_.at(number);
        Hull& hull = cached.hull;
        if (hull.first != INT64_MAX) {
            const std::uint64_t size_class = class_of(!hull.state.exists() || hull.state.active(), hull.first, hull.last);
            if (size_class != hull.size_class || hull.first != cached.stored_first) {
                if (hull.size_class != Hull::no_class)
                    transaction_->erase(spans_, span_key(hull.size_class, cached.stored_first, number));
                transaction_->put(spans_, span_key(size_class, hull.first, number), {});
                hull.size_class = size_class;
            }
        }
        transaction_->put(hulls_, key_of(number, 4), {reinterpret_cast<const char*>(&hull), sizeof hull});
    }
    cached_.clear();
}

// A telling counts for who looks at fewer events, or at an earlier moment: so one that is later on both clocks than another says
// nothing new.
void CorrelationProjection::flush_alerts() {
    std::sort(alerts_.begin(), alerts_.end(), [](const Firing& a, const Firing& b) {
        if (a.stream != b.stream) return a.stream < b.stream;
        if (const int order = a.fingerprint.compare(b.fingerprint)) return order < 0;
        return a.sequence < b.sequence;
    });
    std::vector<std::string> fresh;
    for (std::size_t i = 0; i < alerts_.size();) {
        const Firing& first = alerts_[i];
        const std::string key = fingerprint_key(first.stream, first.fingerprint);
        const auto stored = transaction_->get(fingerprints_, key);
        std::string row(stored.value_or(std::string_view()));
        const std::size_t before = row.size();
        std::int64_t earliest = before == 0 ? INT64_MAX : tellings_of(row).back().occurred_at;
        for (; i < alerts_.size() && alerts_[i].stream == first.stream && alerts_[i].fingerprint == first.fingerprint; ++i) {
            if (alerts_[i].occurred_at >= earliest) continue;
            earliest = alerts_[i].occurred_at;
            const Telling telling{earliest, alerts_[i].sequence};
            row.append(reinterpret_cast<const char*>(&telling), sizeof telling);
        }
        if (row.size() == before) continue;
        if (before == 0) fresh.push_back(with_stream(first.fingerprint + '\0', first.stream));
        transaction_->put(fingerprints_, key, row);
    }
    std::sort(fresh.begin(), fresh.end());
    for (const std::string& key : fresh) transaction_->put(reverse_, key, {});
    alerts_.clear();
}

std::string CorrelationProjection::describe(std::string_view table, std::string_view key) const {
    if (key.size() < 4) return "a key of another form";
    const bool stream_first = table == hulls_table || table == fingerprints_table;
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
                     open(signatures_table, index.signatures_) && open(fingerprints_table, index.fingerprints_) &&
                     open(reverse_table, index.reverse_);
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
    const std::string start = std::string(fingerprint) + '\0';
    lmdb::Cursor cursor(*transaction_, reverse_);
    for (bool there = cursor.seek(start); there && cursor.key().starts_with(start); there = cursor.next()) {
        visit(stream_at_end(cursor.key()));
    }
}

SignatureKey CorrelationIndex::signature_of(StreamNumber incident) const {
    const auto row = transaction_->get(hulls_, key_of(incident.value, 4));
    return row ? hull_of(*row).signature : SignatureKey{};
}

std::vector<std::string> CorrelationIndex::fingerprints_of(StreamNumber incident, std::int64_t end, std::uint64_t size) const {
    std::vector<std::string> fingerprints;
    const FixedKey start = key_of(incident.value, 4);
    lmdb::Cursor cursor(*transaction_, fingerprints_);
    for (bool there = cursor.seek(start); there && cursor.key().starts_with(std::string_view(start)); there = cursor.next()) {
        const std::vector<Telling> tellings = tellings_of(cursor.value());
        const bool told = std::any_of(tellings.begin(), tellings.end(), [&](const Telling& telling) {
            return telling.occurred_at < end && telling.sequence <= size;
        });
        if (told) fingerprints.emplace_back(cursor.key().substr(4));
    }
    return fingerprints;
}

}  // namespace daybook
