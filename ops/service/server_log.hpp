// The server's log: one line for each request, and its messages. Text on a terminal, else JSON, one object a line:
//   {"time":"2026-…Z","level":"info","request_id":"req_12","method":"POST","route":"/v1/tools/{tool}","status":200,"duration_us":812}
// Neither bodies nor headers nor queries are in it, where secrets are.
#pragma once

#include <memory>
#include <string_view>

#include "ops/http/http_server.hpp"
#include "ops/messages.hpp"

namespace spdlog {
class logger;
}

namespace daybook {

// Thread-safe.
class ServerLog {
public:
    enum class Form { text, json };
    // To standard error. With `verbose`, requests that only watch (/healthz, /readyz, /metrics) are in it too.
    ServerLog(Form form, MessageKind least, bool verbose);
    ~ServerLog();

    void request(const HttpExchange& exchange);
    void say(MessageKind kind, std::string_view text);

private:
    Form form_;
    bool verbose_;
    std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace daybook
