// The actions of oncall_tool that read incidents and their timelines.
#include <algorithm>

#include "ops/listing.hpp"
#include "ops/tools/tool_actions.hpp"
#include "projections/jsonl_layout.hpp"
#include "projections/timeline.hpp"

namespace daybook {
namespace {

constexpr std::int64_t incidents_default = 20;
constexpr std::int64_t incidents_max = 500;
constexpr std::int64_t events_default = 1'000;
constexpr std::int64_t events_max = 10'000;
constexpr std::size_t page_bytes_max = std::size_t{4} << 20;  // a page that reaches it ends there, whatever its limit

// Reads `read(word)` from the field, which must be one of `known`.
template <class Value, class Read>
std::optional<Value> listed_word(Fields& fields, std::string_view name, const char* known, const Read& read) {
    const auto text = optional_param(fields, name);
    if (!text) return std::nullopt;
    const auto value = read(*text);
    if (!value) fields.fail(name, std::string("must be one of ") + known);
    return value;
}

// What incident_list is asked for.
struct ListRequest {
    IncidentFilter filter;
    IncidentListOrder order = IncidentListOrder::newest_first;
    std::optional<IncidentPlace> after;
    std::size_t limit = 0;
    LookBack past;
};

ListRequest list_request(ToolRun& run) {
    ListRequest request;
    Fields& params = run.params;
    IncidentFilter& filter = request.filter;
    filter.status = listed_word<IncidentFilter::Status>(params, "status", listed_statuses, listed_status).value_or(filter.status);
    filter.service = optional_param(params, "service");
    filter.env = optional_param(params, "env");
    filter.kind = optional_param(params, "kind");
    filter.severity = params.optional_word<Severity>("severity");
    filter.label = listed_word<Label>(params, "label", "NAME=VALUE", label_of);
    filter.since = params.optional_time("since");
    filter.until = params.optional_time("until");
    filter.text = optional_param(params, "text");
    filter.archived = params.optional_boolean("archived").value_or(false);
    request.order = listed_word<IncidentListOrder>(params, "order", list_orders, list_order).value_or(request.order);
    request.limit = static_cast<std::size_t>(params.optional_integer("limit", 1, incidents_max).value_or(incidents_default));
    if (const auto cursor = optional_param(params, "cursor")) {
        request.after = place_of_cursor(*cursor, request.order);
        if (!request.after) params.fail("cursor", "must be the next_cursor of an earlier page, in the same order");
    }
    request.past = look_back(run);
    return request;
}

std::string page_of_incidents(lmdb::Transaction& views, const ListRequest& request) {
    std::string rows;
    std::size_t count = 0;
    std::string next;
    std::string last;  // the cursor behind the last row
    const auto add = [&](const IncidentRow& row) {
        if (count == request.limit || rows.size() >= page_bytes_max) {
            next = last;
            return false;
        }
        if (count++ != 0) rows += ',';
        append_incident(rows, row);
        last = cursor_at(row, request.order);
        return true;
    };
    if (const auto table = IncidentTable::open(views)) table->list(request.filter, add, request.order, request.after);
    std::string answer;
    ObjectText object(answer);
    object.raw("incidents", "[" + rows + "]");
    object.number("count", count);
    if (!next.empty()) object.text("next_cursor", next);
    object.finish();
    return answer;
}

// A page of a timeline, in the order in which it was recorded.
class TimelinePage {
public:
    TimelinePage(const JournalView& journal, StreamNumber stream, const Horizon& horizon, std::size_t limit)
        : journal_(journal), stream_(stream), horizon_(horizon), limit_(limit) {}

    // Reads the events behind `after` until the page is full.
    void read(Sequence after) {
        const auto known = journal_.record(after);
        std::uint64_t version = known && known->stream() == stream_ ? known->header().version + std::uint64_t{1} : 1;
        while (true) {
            const auto sequences = journal_.stream_sequences(stream_, version, version + step - 1);
            for (const Sequence sequence : sequences) {
                if (sequence <= after) continue;
                if (!take(sequence)) return;
            }
            if (sequences.size() < step) return;
            version += step;
        }
    }
    const std::string& rows() const { return rows_; }
    // Where the next page goes on; 0 where there is none.
    Sequence next_after() const { return next_after_; }

private:
    static constexpr std::uint64_t step = 1'024;

    bool take(Sequence sequence) {
        if (sequence.value > horizon_.size) return false;
        const RecordView record = *journal_.record(sequence);
        if (!horizon_.includes(record)) return true;
        if (count_ == limit_ || rows_.size() >= page_bytes_max) {
            next_after_ = last_;
            return false;
        }
        if (count_++ != 0) rows_ += ',';
        append_line(rows_, reader_.read(record, journal_));
        rows_.pop_back();  // the end of the line
        last_ = sequence;
        return true;
    }

    const JournalView& journal_;
    const StreamNumber stream_;
    const Horizon horizon_;
    const std::size_t limit_;
    TimelineReader reader_;
    std::string rows_;
    std::size_t count_ = 0;
    Sequence last_, next_after_;
};

std::string incident_answer(const IncidentRow& row, std::uint64_t version) {
    std::string answer;
    ObjectText object(answer);
    object.raw("incident", "");
    append_incident(answer, row);
    object.number("version", version);
    object.finish();
    return answer;
}

}  // namespace

Result<std::string> incident_get(ToolRun& run) {
    const std::string id = text_param(run.params, "incident_id");
    const LookBack past = look_back(run);
    if (run.params.refusal()) return *run.params.refusal();
    if (!past.given()) {
        const auto current = run.parts.views.incident(id);
        if (!current) return no_such_incident(id);
        return incident_answer(current->row, current->version);
    }
    const Snapshot journal = run.parts.journal.snapshot();
    const auto horizon = past.horizon(*journal);
    if (!horizon) return horizon.refusal();
    const auto stream = journal->stream_number(id);
    if (!stream) return no_such_incident(id);
    const auto row = incident_within(*journal, *stream, *horizon);
    if (!row) return not_there_yet(id);
    return incident_answer(*row, sequences_within(*journal, *stream, {horizon->size, {}}).size());
}

Result<std::string> incident_list(ToolRun& run) {
    const ListRequest request = list_request(run);
    if (run.params.refusal()) return *run.params.refusal();
    std::string answer;
    if (!request.past.given()) {
        run.parts.views.read([&](const SharedViews::Seen& seen) { answer = page_of_incidents(seen.views, request); });
        return answer;
    }
    ReplayLimit limit;
    {
        const Snapshot journal = run.parts.journal.snapshot();
        const auto horizon = request.past.horizon(*journal);
        if (!horizon) return horizon.refusal();
        limit = {std::min(horizon->size, journal->size()), horizon->as_of};
    }
    run.parts.views.read_past(limit, "incidents", [&](lmdb::Transaction& views) { answer = page_of_incidents(views, request); });
    return answer;
}

Result<std::string> incident_timeline(ToolRun& run) {
    const std::string id = text_param(run.params, "incident_id");
    const auto after = run.params.optional_integer("after_seq", 0, std::int64_t{1} << 53);
    const auto limit = run.params.optional_integer("limit", 1, events_max);
    const LookBack past = look_back(run);
    if (run.params.refusal()) return *run.params.refusal();
    if (!is_incident_id(id)) return no_such_incident(id);  // `$jobs` is a stream too
    const Snapshot journal = run.parts.journal.snapshot();
    const auto horizon = past.horizon(*journal);
    if (!horizon) return horizon.refusal();
    const auto head = journal->stream(id);
    if (!head) return no_such_incident(id);
    TimelinePage page(*journal, head->number, *horizon, static_cast<std::size_t>(limit.value_or(events_default)));
    page.read({static_cast<std::uint64_t>(after.value_or(0))});
    std::string answer;
    ObjectText object(answer);
    object.text("incident_id", id);
    object.number("version", head->version);
    object.raw("events", "[" + page.rows() + "]");
    if (page.next_after()) object.number("next_after_seq", page.next_after().value);
    object.finish();
    return answer;
}

}  // namespace daybook
