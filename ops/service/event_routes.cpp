// The auditors' query, and the live stream.
#include "ops/service/service.hpp"
#include "ops/whole_number.hpp"

namespace daybook {
namespace {

const std::vector<QueryParameter> filters{
    {"incident", "Of this incident, or of a stream such as $triage; several: any of them, as below"},
    {"type", "Of this type"},
    {"actor", "Said by this person or agent"},
    {"source", "From this source"},
    {"service", "Openings and alerts of this service"},
    {"since", "Occurred at or after (RFC 3339)"},
    {"until", "Occurred before (RFC 3339)"},
    {"recorded_since", "Recorded at or after (RFC 3339)"},
    {"recorded_until", "Recorded before (RFC 3339)"},
    {"text", "With this in the payload"},
    {"after_seq", "Behind this seq"},
    {"limit", "At most so many (stream and JSON Lines: all, else 1000; a page ends at 4 MiB, too)"}};

Result<EventFilter> filter_of(const HttpRequest& request) {
    EventFilter filter;
    std::optional<Refusal> refusal;
    const auto wrong = [&](const std::string& name, const char* what) {
        refusal = Refusal{RefusalCode::invalid, name + ' ' + what, '/' + name};
    };
    const auto time = [&](const std::string& name, const std::string& value, std::optional<Time>& to) {
        to = parse_time(value);
        if (!to) wrong(name, "must be a time with an offset (RFC 3339, such as 2026-02-23T10:00:00Z)");
    };
    for (const auto& [name, value] : request.query) {
        if (name == "incident") {
            filter.streams.push_back(value);
        } else if (name == "type") {
            const auto type = from_text<EventType>(value);
            type ? filter.types.push_back(*type) : wrong(name, ("must be one of " + choices<EventType>()).c_str());
        } else if (name == "actor") {
            filter.actors.push_back(value);
        } else if (name == "source") {
            filter.sources.push_back(value);
        } else if (name == "service") {
            filter.services.push_back(value);
        } else if (name == "since") {
            time(name, value, filter.since);
        } else if (name == "until") {
            time(name, value, filter.until);
        } else if (name == "recorded_since") {
            time(name, value, filter.recorded_since);
        } else if (name == "recorded_until") {
            time(name, value, filter.recorded_until);
        } else if (name == "text") {
            filter.text = value;
        } else if (name == "after_seq" || name == "limit") {
            const auto number = whole_number(value);
            if (!number) wrong(name, "must be a number");
            (name == "limit" ? filter.limit : filter.after.value) = number.value_or(0);
        } else if (name != "agent_id") {
            wrong(name, "is no parameter of this");
        }
        if (refusal) return *refusal;
    }
    return filter;
}

}  // namespace

void Service::add_event_routes() {
    Route events;
    events.method = "GET";
    events.path = "/v1/events";
    events.summary = "Events of the whole journal, by seq; application/x-ndjson streams them all";
    events.query = filters;
    events.answers = {"application/json", "application/x-ndjson", "text/csv"};
    events.needs = Permission::read;
    events.handle = [this](const Call& call) { return answer_query(call); };
    routes_.push_back(std::move(events));

    Route stream;
    stream.method = "GET";
    stream.path = "/v1/events/stream";
    stream.summary =
        "Server-sent events: from after_seq or Last-Event-ID on, then those that come; without either, those that come";
    stream.query = filters;
    stream.answers = {"text/event-stream"};
    stream.needs = Permission::read;
    stream.handle = [this](const Call& call) {
        auto filter = filter_of(call.request);
        if (!filter) return refuse(filter.refusal());
        const std::uint64_t size = parts_.journal.snapshot()->size();
        if (const auto last = call.request.header("last-event-id")) {
            const auto sequence = whole_number(*last);
            if (!sequence) return refuse({RefusalCode::invalid, "Last-Event-ID must be a seq", ""});
            filter->after = {*sequence};
        } else if (!call.request.parameter("after_seq")) {
            filter->after = {size};
        }
        // Who has seen more than there is would wait in silence until the journal has grown so far, and miss what came.
        if (filter->after.value > size) {
            return refuse({RefusalCode::conflict,
                           "seq " + std::to_string(filter->after.value) + " is ahead of the journal, whose last event is seq " +
                               std::to_string(size) +
                               ": it is another one, or was restored from a backup; read anew from after_seq=0, or from the last "
                               "seq that both have",
                           "/after_seq"});
        }
        HttpResponse response;
        response.content_type = "text/event-stream";
        response.stream = std::make_unique<EventStream>(EventStream::Form::server_sent, std::move(*filter), reading(),
                                                        still_may_read(call.request));
        return response;
    };
    routes_.push_back(std::move(stream));
}

HttpResponse Service::answer_query(const Call& call) {
    auto filter = filter_of(call.request);
    if (!filter) return refuse(filter.refusal());
    const std::string_view accept = call.request.header("accept").value_or("");
    HttpResponse response;
    const bool lines = accept.find("application/x-ndjson") != std::string_view::npos;
    const bool csv = accept.find("text/csv") != std::string_view::npos;
    if (lines || csv) {
        response.content_type = lines ? "application/x-ndjson" : "text/csv; charset=utf-8";
        const auto form = lines ? EventStream::Form::json_lines : EventStream::Form::csv;
        response.stream = std::make_unique<EventStream>(form, std::move(*filter), reading(), still_may_read(call.request));
        return response;
    }
    constexpr std::uint64_t limit_max = 1000;
    constexpr std::size_t page_bytes_max = std::size_t{4} << 20;  // a page that reaches it ends there, as of any list
    const std::uint64_t limit = filter->limit == 0 ? limit_max : std::min(filter->limit, limit_max);
    filter->limit = limit + 1;  // one more says whether there is more
    EventQuery query(std::move(*filter));
    TimelineReader reader;
    response.body = R"({"ok":true,"result":{"events":[)";
    std::uint64_t count = 0;
    Sequence last;
    bool more = false;
    EventQuery::Progress progress = EventQuery::Progress::more;
    while (progress == EventQuery::Progress::more && !more) {
        reading()(query.uses_index(), [&](const JournalView& journal, lmdb::Transaction* views) {
            progress = query.step(journal, views, [&](const RecordView& record) {
                more = count == limit || response.body.size() >= page_bytes_max;
                if (more) return false;
                if (count++ != 0) response.body += ',';
                append_line(response.body, reader.read(record, journal));
                response.body.pop_back();
                last = record.sequence();
                return true;
            });
        });
    }
    response.body += "],\"next_after_seq\":" + (more ? std::to_string(last.value) : std::string("null")) + "}}";
    return response;
}

}  // namespace daybook
