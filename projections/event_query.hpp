// The auditors' query: the events of the whole journal that fit a filter, in the order of seq, in constant memory.
//
// It goes through the journal in windows of 65,536 seqs. For each, the lists of the event index (and of a stream) are turned into a
// bit for each seq: the values that a field may have are joined, the fields intersected. Windows in which a field has no event are
// passed over without a look. Records are read only where a bit is left, and checked against the whole filter. Where no field of
// the filter is in the index, and behind the end of the index, the records themselves are gone through.
//
// The work is cut into steps, so that no snapshot is held for long.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/journal.hpp"

namespace daybook {

// What is asked for; an empty field asks for nothing. Several values of one field: any of them.
struct EventFilter {
    std::vector<std::string> streams;  // incidents' ids, or streams such as $triage
    std::vector<EventType> types;
    std::vector<std::string> actors, sources, services;
    std::optional<Time> since, until;                    // occurred at or after, occurred before
    std::optional<Time> recorded_since, recorded_until;  // recorded at or after, recorded before
    std::string text;                                    // somewhere in the payload, as a person would write it
    Sequence after;                                      // behind this one
    std::uint64_t limit = 0;                             // at most so many; 0: all
};

// Not thread-safe.
class EventQuery {
public:
    explicit EventQuery(EventFilter filter);
    ~EventQuery();
    EventQuery(EventQuery&&) noexcept;
    EventQuery& operator=(EventQuery&&) noexcept;

    // Whether the views are of use for this filter. Else they need not be brought up to date for it.
    bool uses_index() const;

    enum class Progress {
        more,       // call again, with a new snapshot
        caught_up,  // that was all for now: call again when the journal has grown
        done,       // that was all there will be: the limit, or the end of the recorded interval
    };
    // Visits the next few events that fit. Where `visit` answers false the step ends with that event, and the next one goes on
    // behind it. `views` may be null, or behind the journal; what it sees must not be newer than what `journal` sees, unless it is
    // of the same events. The record is valid during the call.
    using Visit = std::function<bool(const RecordView& record)>;
    Progress step(const JournalView& journal, lmdb::Transaction* views, const Visit& visit);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook
