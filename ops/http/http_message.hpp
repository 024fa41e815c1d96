// What a request asks and what is answered, without the library that carries it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook {

struct HttpRequest {
    std::string id;                                            // made for it, unique in this process: for the log and the answer
    std::string method;                                        // "GET" …
    std::string path;                                          // percent-decoded, without the query
    std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;

    // The first of that name (a header's in lower case), or nothing.
    std::optional<std::string_view> header(std::string_view name) const;
    std::optional<std::string_view> parameter(std::string_view name) const;
};

// A body that is made piece by piece. Its calls come one after the other, on any thread, and only when the client has room for
// more: it holds no snapshot between them.
class HttpBodyStream {
public:
    virtual ~HttpBodyStream() = default;
    // The next piece; an empty one: nothing for now, ask again when there is news; nothing: the end.
    virtual std::optional<std::string> next() = 0;
    // What keeps the connection alive while there is no news; empty: nothing is sent.
    virtual std::string_view keep_alive() const { return {}; }
};

struct HttpResponse {
    std::string_view route = "other";  // for the log and the metrics: daybook's words, never the client's; outlives it
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type and Content-Length
    std::unique_ptr<HttpBodyStream> stream;                    // then `body` is empty
};

// An answer in the tools' form, {"ok":false,"error":{…}}, to what went wrong before a tool was asked.
HttpResponse http_error(int status, std::string_view code, std::string_view message);

// Called on many threads at once. What it throws is answered with 500.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// What is made of a request when its header is there, and nothing of its body is read.
struct HttpAdmission {
    std::optional<HttpResponse> refusal;  // the answer; the connection ends with it if there is a body
    bool only_watches = false;            // it is answered also while all workers wait
    std::optional<std::string> caller;    // whose share of the server it takes; nothing: nobody's
};

// The parts of a request's target (RFC 9112 section 3.2, origin-form): path and query, decoded. Nothing where it has a wrong
// escape, a NUL, text that is not UTF-8, or a `.` or `..` for a segment of the path.
struct HttpTarget {
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;
};
std::optional<HttpTarget> parse_target(std::string_view target);

}  // namespace daybook
