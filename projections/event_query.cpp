#include "projections/event_query.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "journal/json.hpp"
#include "projections/event_index.hpp"
#include "projections/horizon.hpp"

namespace daybook {
namespace {

constexpr std::uint64_t window_events = 65'536;
// An interval of more days is not looked up day by day: it is most of the journal anyway.
constexpr std::size_t days_max = 4'000;

// What a step may cost, in records looked at.
constexpr std::int64_t step_cost_max = 50'000;
constexpr std::int64_t window_cost = 1'000;
constexpr std::int64_t visit_cost = 25;  // what is visited is usually printed

bool any_of(const std::vector<std::uint32_t>& numbers, std::uint32_t number) {
    return numbers.empty() || std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

// The filter in the journal's numbers; only the names that the journal has.
struct Numbers {
    std::vector<std::uint32_t> streams, actors, sources, services;
    bool possible = true;  // false: a field asks only for what the journal has never seen

    Numbers(const EventFilter& filter, const JournalView& journal) {
        resolve(filter.streams, streams, [&](const std::string& id) { return journal.stream_number(id); });
        const auto name = [&](const std::string& text) { return journal.find_name(text); };
        resolve(filter.actors, actors, name);
        resolve(filter.sources, sources, name);
        resolve(filter.services, services, name);
    }

private:
    template <class Find>
    void resolve(const std::vector<std::string>& texts, std::vector<std::uint32_t>& numbers, const Find& find) {
        for (const std::string& text : texts) {
            if (const auto number = find(text)) numbers.push_back(number->value);
        }
        if (numbers.empty() && !texts.empty()) possible = false;
    }
};

// The text as it stands in RFC 8785 text, without quotes.
std::string as_in_json(const std::string& text) {
    std::string json;
    append_json_string(json, text);
    return json.substr(1, json.size() - 2);
}

// As EventIndex::visit, for the stream index of the journal.
std::optional<std::uint64_t> visit_stream(const JournalView& journal, StreamNumber number, std::uint64_t from, std::uint64_t to,
                                          const std::function<void(std::uint64_t)>& visit) {
    constexpr std::uint64_t chunk = 1'024;
    const auto head = journal.stream(number);
    const std::uint64_t versions = head ? head->version : 0;
    std::uint64_t low = 1;
    std::uint64_t high = versions + 1;
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        const auto found = journal.stream_sequences(number, middle, middle);
        if (!found.empty() && found.front().value < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low <= versions; low += chunk) {
        for (const Sequence sequence : journal.stream_sequences(number, low, low + chunk - 1)) {
            if (sequence.value > to) return sequence.value;
            if (sequence.value >= from) visit(sequence.value);
        }
    }
    return std::nullopt;
}

// One list of seqs, of the event index or (without a kind) of a stream.
struct List {
    std::optional<PostingKind> kind;
    std::uint32_t number = 0;
    std::uint64_t next = 0;  // nothing that is still to be looked at lies before it
};
using Field = std::vector<List>;

// A bit for each seq of a window.
class Bits {
public:
    void clear() { words_.fill(0); }
    void set(std::uint64_t place) { words_[place / 64] |= std::uint64_t{1} << (place % 64); }
    void intersect(const Bits& other) {
        for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    }
    bool none() const {
        return std::all_of(words_.begin(), words_.end(), [](std::uint64_t word) { return word == 0; });
    }
    // The first place from `place` on that is set.
    std::optional<std::uint64_t> next(std::uint64_t place) const {
        for (std::uint64_t i = place / 64; i < words_.size(); ++i) {
            const std::uint64_t word = i == place / 64 ? words_[i] & (~std::uint64_t{0} << (place % 64)) : words_[i];
            if (word != 0) return i * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
        }
        return std::nullopt;
    }

private:
    std::array<std::uint64_t, window_events / 64> words_{};
};

// Reads records of rising seqs: neighbours without a search.
class RecordCursor {
public:
    explicit RecordCursor(const JournalView& journal)
        : cursor_(journal.transaction(), journal.tables().events), journal_(journal) {}
    RecordView at(std::uint64_t sequence) {
        const bool there = at_ != 0 && sequence == at_ + 1 ? cursor_.next() : cursor_.seek(key_of(sequence, 8));
        at_ = sequence;
        const auto record = there ? RecordView::parse(cursor_.value()) : std::nullopt;
        if (!record || record->sequence().value != sequence) {
            throw StorageError("event " + std::to_string(sequence) + " in " +
                               journal_.transaction().environment().directory().string() +
                               " is missing or damaged: run `daybook verify`, then restore a backup");
        }
        return *record;
    }

private:
    lmdb::Cursor cursor_;
    const JournalView& journal_;
    std::uint64_t at_ = 0;
};

}  // namespace

struct EventQuery::Parts {
    EventFilter filter;
    std::string text;  // as it stands in JSON

    bool prepared = false;
    std::uint64_t next = 0;  // the seq to look at next
    std::uint64_t visited = 0;
    std::uint64_t indexed = 0;  // up to here `fields` know all
    bool with_index = false;    // whether one of the fields is in the event index
    std::vector<Field> fields;

    std::uint64_t window_first = 0;
    std::uint64_t window_last = 0;
    Bits bits, joined;

    bool fits(const RecordView& record, const Numbers& numbers) const;
    void prepare(const JournalView& journal, const std::optional<EventIndex>& index, const Numbers& numbers);
    void add_field(std::optional<PostingKind> kind, const std::vector<std::uint32_t>& numbers);
    void add_days(const EventIndex& index);
    void load_window(const JournalView& journal, const std::optional<EventIndex>& index);
    std::optional<std::uint64_t> candidate(const JournalView& journal, const std::optional<EventIndex>& index);
};

bool EventQuery::Parts::fits(const RecordView& record, const Numbers& numbers) const {
    const RecordHeader& header = record.header();
    if (!any_of(numbers.streams, header.stream) || !any_of(numbers.actors, header.actor) ||
        !any_of(numbers.sources, header.source) || !any_of(numbers.services, header.service)) {
        return false;
    }
    if (!filter.types.empty() && std::find(filter.types.begin(), filter.types.end(), header.type) == filter.types.end())
        return false;
    if (filter.since && record.occurred_at() < *filter.since) return false;
    if (filter.until && record.occurred_at() >= *filter.until) return false;
    if (filter.recorded_since && record.recorded_at() < *filter.recorded_since) return false;
    if (filter.recorded_until && record.recorded_at() >= *filter.recorded_until) return false;
    return text.empty() || record.payload().find(text) != std::string_view::npos;
}

void EventQuery::Parts::add_field(std::optional<PostingKind> kind, const std::vector<std::uint32_t>& numbers) {
    if (numbers.empty()) return;
    Field& field = fields.emplace_back();
    for (const std::uint32_t number : numbers) field.push_back({kind, number, 0});
    if (kind) with_index = true;
}

void EventQuery::Parts::add_days(const EventIndex& index) {
    if (!filter.since && !filter.until) return;
    if (filter.since && filter.until && *filter.since >= *filter.until) return;  // an empty interval: no record fits
    const std::uint32_t from = filter.since ? day_number(to_micros(*filter.since)) : 0;
    const std::uint32_t to = filter.until ? day_number(to_micros(*filter.until) - 1) : UINT32_MAX;
    const auto days = index.numbers(PostingKind::day, from, to, days_max + 1);
    if (days.size() > days_max) return;
    add_field(PostingKind::day, days);
    if (days.empty()) fields.emplace_back();  // a field without a list: nothing fits as far as the index goes
    with_index = true;
}

void EventQuery::Parts::prepare(const JournalView& journal, const std::optional<EventIndex>& index, const Numbers& numbers) {
    prepared = true;
    next = filter.after.value == UINT64_MAX ? UINT64_MAX : filter.after.value + 1;
    if (filter.recorded_since) next = std::max(next, recorded_by(journal, *filter.recorded_since - Microseconds(1)) + 1);
    add_field(std::nullopt, numbers.streams);
    if (index) {
        std::vector<std::uint32_t> types;
        for (const EventType type : filter.types) types.push_back(static_cast<std::uint8_t>(type));
        add_field(PostingKind::type, types);
        add_field(PostingKind::actor, numbers.actors);
        add_field(PostingKind::source, numbers.sources);
        add_field(PostingKind::service, numbers.services);
        add_days(*index);
    }
    if (!fields.empty()) indexed = with_index ? std::min(index->size(), journal.size()) : journal.size();
}

// The bits of the next window that may have any, from `next` on. Where there is none, `next` is behind the index.
void EventQuery::Parts::load_window(const JournalView& journal, const std::optional<EventIndex>& index) {
    for (const Field& field : fields) {
        std::uint64_t first = UINT64_MAX;
        for (const List& list : field) first = std::min(first, list.next);
        next = std::max(next, first);
    }
    if (next > indexed) {
        next = window_last = indexed + 1;
        window_first = next;
        bits.clear();
        return;
    }
    window_first = next - next % window_events;
    window_last = std::min(window_first + window_events - 1, indexed);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        joined.clear();
        const auto mark = [&](std::uint64_t sequence) { joined.set(sequence - window_first); };
        for (List& list : fields[i]) {
            if (list.next > window_last) continue;
            const auto beyond = list.kind ? index->visit(*list.kind, list.number, next, window_last, mark)
                                          : visit_stream(journal, {list.number}, next, window_last, mark);
            list.next = beyond.value_or(UINT64_MAX);
        }
        if (i == 0) {
            bits = joined;
        } else {
            bits.intersect(joined);
        }
        if (bits.none()) return;
    }
}

// The next seq that may fit, from `next` on; nothing where there is none in this window.
std::optional<std::uint64_t> EventQuery::Parts::candidate(const JournalView& journal, const std::optional<EventIndex>& index) {
    if (next > indexed) return next;
    if (next > window_last) load_window(journal, index);
    if (next > indexed) return std::nullopt;
    const auto place = bits.next(next - window_first);
    if (place && window_first + *place <= window_last) return window_first + *place;
    next = window_last + 1;
    return std::nullopt;
}

EventQuery::EventQuery(EventFilter filter) : parts_(std::make_unique<Parts>()) {
    parts_->text = as_in_json(filter.text);
    parts_->filter = std::move(filter);
}

EventQuery::~EventQuery() = default;
EventQuery::EventQuery(EventQuery&&) noexcept = default;
EventQuery& EventQuery::operator=(EventQuery&&) noexcept = default;

bool EventQuery::uses_index() const {
    const EventFilter& filter = parts_->filter;
    return !filter.types.empty() || !filter.actors.empty() || !filter.sources.empty() || !filter.services.empty() || filter.since ||
           filter.until;
}

EventQuery::Progress EventQuery::step(const JournalView& journal, lmdb::Transaction* views, const Visit& visit) {
    Parts& parts = *parts_;
    const EventFilter& filter = parts.filter;
    const Numbers numbers(filter, journal);
    const auto index = views != nullptr ? EventIndex::open(*views) : std::nullopt;
    if (!parts.prepared) {
        parts.prepare(journal, index, numbers);
    } else if (parts.with_index && parts.next <= parts.indexed && (!index || index->size() < parts.indexed)) {
        parts.indexed = 0;  // the views were thrown away meanwhile
    }
    const std::uint64_t size = journal.size();
    const std::uint64_t end = filter.recorded_until ? recorded_by(journal, *filter.recorded_until - Microseconds(1)) : size;
    if (!numbers.possible) parts.next = std::max(parts.next, end + 1);

    RecordCursor records(journal);
    std::int64_t cost = 0;
    while (parts.next <= end) {
        if (cost >= step_cost_max) return Progress::more;
        const bool new_window = parts.next <= parts.indexed && parts.next > parts.window_last;
        if (new_window) cost += window_cost;
        const auto sequence = parts.candidate(journal, index);
        if (!sequence || *sequence > end) {
            if (sequence) break;
            continue;
        }
        parts.next = *sequence + 1;
        ++cost;
        const RecordView record = records.at(*sequence);
        if (!parts.fits(record, numbers)) continue;
        cost += visit_cost;
        ++parts.visited;
        const bool goes_on = visit(record);
        if (parts.visited == filter.limit) return Progress::done;
        if (!goes_on) return Progress::more;
    }
    return end < size ? Progress::done : Progress::caught_up;
}

}  // namespace daybook
