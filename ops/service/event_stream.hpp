// Events as a body that is made piece by piece: server-sent events (WHATWG HTML, section 9.2), JSON Lines, or CSV.
//
// Nothing is kept between two pieces but the place: a slow reader holds no snapshot and no more memory than one piece, and after a
// reconnect (Last-Event-ID) the next event is the one behind the last that it has seen.
#pragma once

#include <functional>
#include <optional>
#include <sstream>
#include <string>

#include "ops/http/http_message.hpp"
#include "ops/output.hpp"
#include "projections/event_query.hpp"
#include "projections/timeline.hpp"

namespace daybook {

class EventStream final : public HttpBodyStream {
public:
    enum class Form {
        server_sent,  // id: seq, event: type, data: the row; goes on with what comes
        json_lines,   // the row; ends behind the newest event
        csv,          // likewise, with a header
    };
    // Opens a snapshot, and the views where the query can use them, and gives both for the time of the call.
    using Reading = std::function<void(const JournalView& journal, lmdb::Transaction* views)>;
    using Read = std::function<void(bool with_views, const Reading& reading)>;

    // Whether who asked for it still may: a key that was revoked must not hold on.
    using Permitted = std::function<bool()>;

    EventStream(Form form, EventFilter filter, Read read, Permitted permitted);

    // Throws std::runtime_error where its caller may no more: a body that ended as usual would pass for the whole.
    std::optional<std::string> next() override;
    std::string_view keep_alive() const override { return form_ == Form::server_sent ? ":\n\n" : ""; }

private:
    void append(const TimelineRow& row);
    void take_csv();

    Form form_;
    EventQuery query_;
    Read read_;
    Permitted permitted_;
    TimelineReader reader_;
    std::string piece_;
    std::ostringstream csv_text_;
    std::optional<RowWriter> csv_;
    bool begun_ = false;
    bool ended_ = false;
};

}  // namespace daybook
