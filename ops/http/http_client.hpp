// An HTTP/1.1 client (RFC 9110, RFC 9112) for short posts: a connection for each, over TLS where the URL says https. Redirects are
// not followed: where a message goes is what the policy says, and nobody else.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace daybook {

struct HttpUrl {
    bool tls = false;
    std::string host;    // a name or an address, of IPv6 without its brackets
    std::string port;    // "443"
    std::string target;  // path and query, as they stand
    bool operator==(const HttpUrl&) const = default;

    std::string authority() const;  // for the Host header
};

// An absolute http or https URL (RFC 3986) without user information and fragment, in printable ASCII; nothing for any other text.
std::optional<HttpUrl> parse_http_url(std::string_view text);

struct HttpPost {
    HttpUrl url;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;  // names and values without control characters
    std::string body;
    std::chrono::seconds deadline{10};  // for all of it, from the look-up of the name to the header of the answer
    std::string ca_file;                // certificates (PEM) that vouch for the other end; empty: those of the system
};

struct HttpReply {
    int status = 0;                                   // 0: there was none, and `error` says why
    std::string error;                                // "connection refused"
    std::optional<std::chrono::seconds> retry_after;  // where the answer gives a number of seconds
};

// Sends it and waits for the answer's header; a body is not read. Ends early, with status 0, when a stop is asked for.
// Nothing is sent where a header holds a control character: that is an error too, with status 0.
HttpReply send(const HttpPost& post, const std::stop_token& stop);

}  // namespace daybook
