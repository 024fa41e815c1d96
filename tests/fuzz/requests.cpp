// What comes over the network, and what operators write: HTTP requests, calls of tools, policies.
#include <algorithm>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ops/access/access_policy.hpp"
#include "ops/http/http_server.hpp"
#include "ops/jobs/task_registry.hpp"
#include "ops/notify/notify_policy.hpp"
#include "ops/policies/gate_policy.hpp"
#include "ops/policies/intelligence_policy.hpp"
#include "ops/tools/tools.hpp"
#include "tests/desk.hpp"
#include "tests/fuzz/target.hpp"

namespace daybook::test {
namespace {

// The real server on loopback, and the requests that it handed on.
class Listener {
public:
    Listener() : server_(options(), [this](const HttpRequest& request) { return keep(request); }, [](const HttpExchange&) {}) {
        running_ = std::thread([this] { server_.run(); });
    }
    ~Listener() {
        server_.stop();
        running_.join();
    }

    // Sends the bytes and no more; the requests in them, once the server has closed. Throws where it does not.
    std::vector<HttpRequest> hear(std::string_view bytes) {
        requests_.clear();
        // The fuzzer's alarm would interrupt a call that waits.
        sigset_t all, before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, &before);
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const timeval patience{8, 0};
        ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        bool open = ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
        promise(open, "the server takes no connection");
        while (open && !bytes.empty()) {
            const ssize_t sent = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            open = sent > 0;
            bytes.remove_prefix(open ? static_cast<std::size_t>(sent) : 0);
        }
        ::shutdown(client, SHUT_WR);
        char answers[16 * 1024];
        ssize_t got = 0;
        while ((got = ::recv(client, answers, sizeof answers, 0)) > 0) {
        }
        const bool silent = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        const linger reset{1, 0};  // else the port stays taken for a minute, and soon all are
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        ::close(client);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        promise(!silent, "the server does not close a connection that says nothing more");
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    static HttpServerOptions options() {
        HttpServerOptions options;
        options.body_bytes_max = 100'000;
        options.workers = 1;
        return options;
    }
    HttpResponse keep(const HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
        return {};
    }

    std::mutex mutex_;
    std::vector<HttpRequest> requests_;
    HttpServer server_;
    std::thread running_;
};

std::string percent(std::string_view text) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

// Headers that say how the message is framed, which is written anew; and which of its requests is the connection's last.
bool is_framing(std::string_view name) {
    return name == "content-length" || name == "transfer-encoding" || name == "connection" || name == "expect" ||
           name == "upgrade" || name == "proxy-connection" || name == "keep-alive" || name == "trailer";
}

// A request as text, with what only framed it left out, and written in one way.
std::string text_of(const HttpRequest& request) {
    bool has_host = false;
    std::string fields;
    for (const auto& [name, value] : request.headers) {
        if (is_framing(name)) continue;
        has_host |= name == "host";
        fields += name + ": " + value + "\r\n";
    }
    std::string target;
    for (const char c : request.path) target += c == '/' ? "/" : percent({&c, 1});
    const char* separator = "?";
    for (const auto& [name, value] : request.query) {
        target += separator + percent(name) + '=' + percent(value);
        separator = "&";
    }
    return request.method + ' ' + target + (has_host ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n") + fields +
           "content-length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

template <class Policy>
void read_policy_text(Result<Policy> (*parse)(const std::string&, const std::string&), const std::string& text) {
    const auto policy = parse(text, "policy.yml");
    if (policy) return;
    promise_reason(policy.refusal());
    promise(policy.refusal().message.starts_with("policy.yml:"), "a refusal does not name the file: " + policy.refusal().message);
}

void promise_texts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) promise(is_clean_utf8(text), "a name in a policy is no text: " + text);
}

// A desk with the tools of its agents.
struct ToolsDesk : Desk {
    SeededEntropy runs{7};
    SharedViews shared_views{views(), *journal()};
    const Tools tools{{*journal(), commands(), shared_views, [] { return at("2026-02-23T12:00:00Z"); }, runs, directory(),
                       directory() / "weekly"}};
};

}  // namespace

// A request that is handed on, written in one way and sent again, is handed on again.
void fuzz_http(std::string_view bytes) {
    static Listener listener;
    for (const HttpRequest& request : listener.hear(bytes)) {
        promise(is_clean_utf8(request.path), "a path is no text");
        const std::string text = text_of(request);
        const auto again = listener.hear(text);
        promise(again.size() == 1, "a request is not one request when it is sent again: " + text);
        promise(text_of(again.front()) == text,
                "a request is another when it is sent again: " + text + "\nand then: " + text_of(again.front()));
    }
}

std::vector<std::string> http_seeds() {
    return {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /v1/incidents/inc_20260223_1000_k3f9?as_of=2026-02-23T10%3A00%3A00Z&text=a+b&flag HTTP/1.1\r\nHost: a\r\n"
            "Authorization: Bearer dbk_1jgm6f0q0abcdefg\r\n\r\n",
            "POST /v1/tools/oncall_tool HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
            "POST /v1/ingest/grafana HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"
            "HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "PUT /a%2Fb HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"};
}

// Calls, one a line; a word before the body names another tool than oncall_tool. Each has an answer in JSON, and all that they lead
// to is in order.
void fuzz_tool_call(std::string_view bytes) {
    ToolsDesk desk;
    ToolCallReader reader;
    for (int calls = 0; !bytes.empty() && calls < 8; ++calls) {
        std::string_view body = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(std::min(bytes.size(), body.size() + 1));
        std::string_view tool = "oncall_tool";
        if (const std::size_t space = body.find(' '); space != std::string_view::npos && body.front() != '{') {
            tool = body.substr(0, space);
            body.remove_prefix(space + 1);
        }
        const auto call = reader.read(tool, body);
        const auto result = call ? desk.tools.run(*call, {"sofiia"}) : Result<std::string>(call.refusal());
        if (!result) promise_reason(result.refusal());
        const std::string answer = tool_answer(result);
        promise(bool(JsonReader().read(answer)), "an answer is no JSON: " + answer);
    }
    const std::string problems = desk.problems();
    promise(problems.empty(), problems);
}

std::vector<std::string> tool_call_seeds() {
    const std::string create =
        R"({"action":"incident_create","params":{"service":"gateway","env":"prod","severity":"P2","title":"Gateway 5xx",)"
        R"("started_at":"2026-02-23T10:00:00Z","signature":"s","labels":{"a":"b"},"idempotency_key":"k"}})"
        "\n";
    // The id that the first call's incident gets.
    ToolsDesk desk;
    ToolCallReader reader;
    const auto made =
        desk.tools.run(*reader.read("oncall_tool", std::string_view(create).substr(0, create.size() - 1)), {"sofiia"});
    const std::string of =
        R"("incident_id":")" +
        made->substr(made->find("inc_"), 24).substr(0, made->find('"', made->find("inc_")) - made->find("inc_")) + '"';
    const auto call = [&](const char* action, const std::string& fields) {
        return std::string(R"({"action":")") + action + R"(","params":{)" + of + fields + "}}\n";
    };
    return {
        create + call("incident_append_event", R"(,"type":"note","message":"m","meta":{"a":1})") +
            call("incident_correct_event", R"(,"seq":2,"message":"n","expected_version":2)") +
            call("incident_timeline", R"(,"limit":1)"),
        create + call("incident_acknowledge", "") +
            call("incident_mitigate", R"(,"reason":"r","occurred_at":"2026-02-23T10:30:00Z")") + call("incident_resolve", "") +
            call("incident_reopen", "") + call("incident_close", R"(,"message":"m")"),
        create + call("incident_update", R"(,"title":"T","summary":null,"kind":"cpu","started_at":"2026-02-23T09:00:00Z")") +
            call("incident_set_severity", R"(,"severity":"P0")") + call("incident_assign", R"(,"assignee":"helion")") +
            call("incident_get", R"(,"as_of":"2026-02-23T11:00:00Z","at_seq":2)"),
        create +
            call("followup_add", R"(,"title":"t","owner":"ada","priority":"P1","due_date":"2026-03-01","links":["https://a/"])") +
            R"({"action":"incident_followups_summary","env":"prod","window_days":30})"
            "\n"
            R"({"action":"followup_watch","mode":"all","append":true})"
            "\n",
        create +
            call("incident_attach_artifact",
                 R"(,"kind":"runbook","format":"md","name":"a.md","content":"dGV4dA==","encoding":"base64")") +
            R"({"action":"incident_list","params":"{\"status\":\"open\",\"limit\":1,\"order\":\"newest\",\"text\":\"gate\"}"})"
            "\n",
        create + "incident_intelligence_tool " + call("correlate", R"(,"append_note":true)") + "incident_intelligence_tool " +
            R"({"action":"recurrence","window_days":7})" + "\nincident_intelligence_tool " +
            call("postmortem_draft", R"(,"save":false)") + "jobs {\"action\":\"list_tasks\"}\n"};
}

// All kinds of policy in turn: what is taken holds names that can stand in the journal.
void fuzz_policies(std::string_view bytes) {
    const std::string text(bytes);
    read_policy_text(parse_gate_policy, text);
    read_policy_text(parse_intelligence_policy, text);
    read_policy_text(parse_notify_policy, text);
    read_policy_text(parse_access_policy, text);
    read_policy_text(parse_task_registry, text);
    read_policy_text(parse_triage_policy, text);
    if (const auto policy = parse_triage_policy(text, "policy.yml")) {
        for (const EscalationPolicy& escalation : policy->escalation)
            promise_texts({escalation.name, escalation.target, escalation.env.value_or("")});
        const LabelPolicy& labels = policy->labels;
        for (const auto* names : {&labels.service, &labels.env, &labels.kind, &labels.severity, &labels.title})
            promise_texts(*names);
        promise_texts({policy->defaults.service, policy->defaults.env, policy->defaults.kind});
    }
    if (const auto policy = parse_access_policy(text, "policy.yml")) {
        promise(policy->find_role(default_role) != nullptr, "a policy of access without the default role");
        for (const auto& [agent, role] : policy->agents)
            promise(policy->find_role(role) != nullptr, "an agent has a role that is none");
        for (const auto& [name, role] : policy->roles) promise_texts({name});
    }
    if (const auto tasks = parse_task_registry(text, "policy.yml")) {
        for (const Task& task : *tasks) promise_texts({task.id, task.what});
        promise_texts({cron_file(*tasks)});
    }
    if (const auto policy = parse_notify_policy(text, "policy.yml")) {
        for (const Receiver& receiver : policy->receivers) promise_texts({receiver.name});
    }
}

}  // namespace daybook::test
