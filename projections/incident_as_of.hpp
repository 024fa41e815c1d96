// An incident as of some moment and some prefix of the journal: what reports look at, folded anew from its history.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "projections/history.hpp"
#include "projections/incident_state.hpp"

namespace daybook {

// Which events a report counts: those that occurred in [from, end), in µs, of the first `size`; and what is true at the end comes
// of all that occurred before it.
struct ReportWindow {
    std::int64_t from = 0;
    std::int64_t end = 0;
    std::uint64_t size = UINT64_MAX;

    bool before_end(const HistoryEntry& entry) const { return entry.occurred_at < end && entry.sequence <= size; }
    bool contains(const HistoryEntry& entry) const { return before_end(entry) && entry.occurred_at >= from; }
    bool contains(std::int64_t moment) const { return moment >= from && moment < end; }  // no_time lies in no window
};

struct IncidentAsOf {
    StreamNumber stream;
    IncidentState state;  // as of the window's end
    // The earliest by the clock, whether or not it was undone later.
    std::int64_t first_acknowledged_at = RecordHeader::no_time;
    std::int64_t first_mitigated_at = RecordHeader::no_time;  // mitigation or resolution
    bool duplicate = false;                                   // linked as duplicate_of another
    bool has_followups = false;
    bool updated_later = false;  // there is an incident_updated that the window leaves out

    bool severe() const { return state.severity <= Severity::p1; }
};

// Folds an incident's entries as of the window's end, and visits those of the window that the fold takes: what it refuses has not
// happened. The state is that of an incident that does not exist where nothing was created before the end.
IncidentAsOf incident_as_of(StreamNumber stream, std::span<const HistoryEntry> entries, const ReportWindow& window,
                            const std::function<void(const HistoryEntry&)>& visit);

// What a report says about an incident that it lists; all of it as of the window's end.
struct ListedIncident {
    std::string id;
    std::string service;
    std::string env;
    Severity severity = Severity::p2;
    IncidentStatus status = IncidentStatus::open;
    std::string title;  // "[redacted]" where the journal does not have it any more
    std::int64_t started_at = 0;
    std::int64_t updated_at = 0;
};

// `views` is at least as far as the window's `size`.
ListedIncident listed(const IncidentAsOf& incident, const ReportWindow& window, lmdb::Transaction& views,
                      const JournalView& journal);

// Its title alone; "[redacted]" likewise.
std::string title_of(const IncidentAsOf& incident, const ReportWindow& window, lmdb::Transaction& views,
                     const JournalView& journal);

// Orders of lists. Each ends with the incident's id, so that it is full.
struct IncidentOrder {
    const JournalView& journal;

    bool by_start(const IncidentAsOf& a, const IncidentAsOf& b) const;    // oldest start first
    bool by_urgency(const IncidentAsOf& a, const IncidentAsOf& b) const;  // worst severity, then by_start
    bool by_quiet(const IncidentAsOf& a, const IncidentAsOf& b) const;    // longest without anything new, then by_start
};

// The first few of many by an order, and how many there were.
template <class Item>
class FirstFew {
public:
    using Before = std::function<bool(const Item&, const Item&)>;
    FirstFew(std::size_t limit, Before before) : limit_(limit), before_(std::move(before)) {}

    void add(const Item& item) {
        ++total_;
        if (items_.size() == limit_ && !before_(item, items_.back())) return;
        items_.insert(std::upper_bound(items_.begin(), items_.end(), item, before_), item);
        if (items_.size() > limit_) items_.pop_back();
    }
    std::uint64_t total() const { return total_; }
    const std::vector<Item>& items() const { return items_; }

private:
    std::size_t limit_;
    Before before_;
    std::uint64_t total_ = 0;
    std::vector<Item> items_;
};

}  // namespace daybook
