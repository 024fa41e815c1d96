// `daybook serve`: puts the server together, and takes it apart.
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "ingest/dead_letters.hpp"
#include "journal/small_file.hpp"
#include "ops/cli/command_set.hpp"
#include "ops/cli/layout_options.hpp"
#include "ops/cli/named.hpp"
#include "ops/http/http_server.hpp"
#include "ops/jobs/jobs.hpp"
#include "ops/last_resort.hpp"
#include "ops/notify/notifier.hpp"
#include "ops/service/layout_follower.hpp"
#include "ops/service/server_log.hpp"
#include "ops/service/service.hpp"

namespace daybook {
namespace {

struct ServeOptions {
    explicit ServeOptions(CLI::App& command) : layouts(command) {}
    LayoutOptions layouts;
    std::string listen = "127.0.0.1:8787", log = "auto", grafana_key_file;
    double requests_per_second = 1000;
    std::size_t connections_max = 1024;
};

struct Address {
    std::string host;
    std::uint16_t port = 0;
    bool loopback() const { return host.starts_with("127.") || host == "::1"; }
};

// HOST:PORT, an IPv6 address in brackets.
Address listen_option(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    Address address;
    bool good = colon != std::string::npos;
    if (good) {
        address.host = text.substr(0, colon);
        if (address.host.starts_with('[') && address.host.ends_with(']'))
            address.host = address.host.substr(1, address.host.size() - 2);
        if (address.host == "localhost") address.host = "127.0.0.1";
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data() + colon + 1, end, address.port);
        good = read.ec == std::errc() && read.ptr == end && colon + 1 != text.size();
    }
    if (!good) throw CommandError(ExitStatus::usage, "--listen must be ADDRESS:PORT, such as 127.0.0.1:8787, not " + text);
    return address;
}

// What the first line of the file holds. Throws StorageError, where others may read it too, and CommandError.
std::optional<std::string> secret_in(const std::string& file) {
    constexpr std::size_t bytes_max = 4096;
    if (file.empty()) return std::nullopt;
    check_owner_only(file);
    const auto bytes = read_if_exists(file, bytes_max);
    const std::string secret = bytes ? bytes->substr(0, bytes->find_first_of("\r\n")) : "";
    if (secret.empty()) throw CommandError(ExitStatus::failure, "cannot read a key from the first line of " + file);
    return secret;
}

// Each connection is a file.
void allow_open_files(std::size_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

// A policy that holds until another takes its place. Thread-safe.
template <class Policy>
class Current {
public:
    explicit Current(Policy policy) : policy_(std::make_shared<const Policy>(std::move(policy))) {}
    std::shared_ptr<const Policy> get() const {
        const std::lock_guard lock(mutex_);
        return policy_;
    }
    void set(Policy policy) {
        auto made = std::make_shared<const Policy>(std::move(policy));
        const std::lock_guard lock(mutex_);
        policy_ = std::move(made);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Policy> policy_;
};

// Refused records of webhooks wait where those of files do. Thread-safe.
class WebhookLetters {
public:
    WebhookLetters(std::filesystem::path file, std::function<Time()> clock) : letters_(std::move(file)), clock_(std::move(clock)) {}
    void add(const std::vector<RefusedLine>& lines, std::string_view source) {
        const std::lock_guard lock(mutex_);
        for (const RefusedLine& line : lines) letters_.add(line, std::string(source), clock_());
        letters_.sync();
    }

private:
    std::mutex mutex_;
    DeadLetters letters_;
    std::function<Time()> clock_;
};

// Folds what was appended about once a second, so that the first who reads after a burst of writes need not wait for it. What is in
// the way is told once.
class Folding {
public:
    Folding(SharedViews& views, ServerLog& log)
        : views_(views), log_(log), running_([this](const std::stop_token& stop) { run(stop); }) {}

private:
    void run(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (!changed_.wait_for(lock, stop, std::chrono::seconds(1), [&] { return stop.stop_requested(); })) {
            try {
                views_.catch_up();
                if (!std::exchange(trouble_, "").empty()) log_.say(MessageKind::notice, "the views are brought up to date again");
            } catch (const std::exception& error) {
                if (std::exchange(trouble_, error.what()) != error.what()) log_.say(MessageKind::error, error.what());
            }
        }
    }
    SharedViews& views_;
    ServerLog& log_;
    std::string trouble_;  // of the last time
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread running_;  // the last member: it stops first
};

constexpr std::chrono::seconds end_deadline{10};  // from SIGTERM to the process' end
constexpr const char* unanswered = " requests were not answered; what was acknowledged is on disk";

ExitStatus serve(Session& session, const ServeOptions& options) {
    ::signal(SIGPIPE, SIG_IGN);  // whoever reads the log may go; the server stays
    const Address address = listen_option(options.listen);
    const LayoutSettings layouts = options.layouts.settings();
    const bool as_text = options.log == "text" || (options.log == "auto" && ::isatty(STDERR_FILENO) == 1);
    const Settings& settings = session.settings();
    ServerLog log(as_text ? ServerLog::Form::text : ServerLog::Form::json,
                  settings.quiet ? MessageKind::error : MessageKind::notice, settings.verbose);
    Metrics metrics;
    HttpServer* running = nullptr;  // set before it runs, as the next
    Notifier* notifying = nullptr;
    LastResort* last_resort = nullptr;
    session.on_commit([&](const Commit& commit) {
        metrics.committed(commit);
        if (notifying != nullptr) notifying->news();
        if (running != nullptr) running->news();
    });

    Journal& journal = session.journal_to_write();
    SharedViews views(session.views(), journal, [&](const std::vector<Parked>& parked) {
        for (const Parked& one : parked) {
            log.say(MessageKind::warning,
                    "event " + std::to_string(one.sequence.value) + " is left out of " + one.projection + ": " + one.reason);
        }
    });
    KeyRing keys(settings.data);
    Access access(read_access_policy(), keys);
    const auto clock = [&session] { return session.now(); };
    if (!address.loopback() && !access.may_listen_beyond_loopback(real_clock())) {
        throw CommandError(ExitStatus::not_permitted, "without a key the server listens on loopback alone, not on " + address.host +
                                                          ": make one with `daybook key create`");
    }
    const LogSigner signer = session.signer();
    Current<TriagePolicy> triage(session.triage_policy());
    Current<ReportPolicies> policies(session.report_policies());
    Current<std::optional<std::string>> grafana_key(secret_in(options.grafana_key_file));
    ToolParts tool_parts{journal, session.commands(false), views, clock, session.entropy(), settings.data};
    tool_parts.policies = [&] { return policies.get(); };
    tool_parts.start_task = [&](const TaskStart& start) {
        const auto held = policies.get();
        const auto rules = triage.get();
        const auto with_views = [&](const ReadViews& use) {
            views.read([&](const SharedViews::Seen& seen) { use(seen.views, seen.journal, seen.size); });
        };
        const JobParts parts{journal,
                             session.commands(false),
                             session.decisions(),
                             session.entropy(),
                             with_views,
                             *held,
                             *rules,
                             settings.data,
                             start.agent,
                             "jobs",
                             clock,
                             layouts};
        return run_job(parts, {start.task_id, start.now, start.scheduled_for, start.dry_run});
    };
    const Tools tools(std::move(tool_parts));
    WebhookLetters letters(session.dead_letters(), clock);
    const NotifyPolicy notify = sound(load_notify_policy(notify_policy_file));

    ServiceParts parts{journal,
                       session.decisions(),
                       session.entropy(),
                       views,
                       tools,
                       access,
                       metrics,
                       signer,
                       clock,
                       real_clock,
                       [&] { return triage.get(); },
                       [&](const std::vector<RefusedLine>& lines, std::string_view source) { letters.add(lines, source); },
                       [&] { return *grafana_key.get(); },
                       options.requests_per_second};
    Service service(std::move(parts));

    HttpServerOptions http;
    http.address = address.host;
    http.port = address.port;
    http.connections_max = options.connections_max;
    http.admit = [&service](const HttpRequest& request) { return service.admit(request); };
    http.is_brief = [&service](const HttpRequest& request) { return service.is_brief(request); };
    std::uint64_t seen = journal.snapshot()->size();
    http.has_news = [&] {  // of other processes
        const std::uint64_t size = journal.snapshot()->size();
        return std::exchange(seen, size) != size;
    };
    http.on_hangup = [&] {
        try {
            keys.reload();
            AccessPolicy may = read_access_policy();  // all are read before one of them counts
            TriagePolicy alerts = sound(load_triage_policy(triage_policy_file));
            const NotifyPolicy receivers = sound(load_notify_policy(notify_policy_file));
            ReportPolicies reports = sound(load_report_policies());
            auto grafana = secret_in(options.grafana_key_file);
            access.set_policy(std::move(may));
            triage.set(std::move(alerts));
            policies.set(std::move(reports));
            grafana_key.set(std::move(grafana));
            notifying->set_receivers(receivers.receivers);
            log.say(MessageKind::notice, "policies and keys are read again");
        } catch (const std::exception& error) {
            log.say(MessageKind::error, std::string(error.what()) + "; what held before holds on");
        }
    };
    http.each_second = [&] {
        if (journal.must_be_opened_anew() && running != nullptr) return running->stop();
        try {
            keys.reload();  // a key that was revoked must not hold on
        } catch (const StorageError& error) {
            log.say(MessageKind::error, std::string(error.what()) + "; the keys that held before hold on");
        }
    };
    http.on_stop = [&] { last_resort->begin(); };
    allow_open_files(options.connections_max + 256);
    HttpServer server(
        http, [&](const HttpRequest& request) { return service.answer(request); },
        [&](const HttpExchange& exchange) {
            metrics.answered(exchange.route == "other" ? "other" : exchange.method, exchange.route, exchange.status,
                             exchange.duration);
            log.request(exchange);
        });
    // Goes after all that has threads but the server's, which have ended by then.
    LastResort end_in_time(end_deadline, [&] {
        log.say(MessageKind::error, "stopped after " + std::to_string(end_deadline.count()) +
                                        " s without an end: " + std::to_string(server.state().requests) + unanswered);
    });
    last_resort = &end_in_time;
    Notifier notifier({journal, views, settings.data / "outbox", real_clock,
                       [&log](MessageKind kind, std::string_view text) { log.say(kind, text); }});
    const LayoutFollower follower(journal, views, log, settings.data, layouts);
    service.set_gauges([&](Gauges& gauges) {
        gauges.exports = follower.states();
        const HttpServerState state = server.state();
        gauges.connections = state.connections;
        gauges.requests = state.requests;
        gauges.streams = state.streams;
        gauges.outboxes = notifier.states();
    });
    running = &server;
    notifying = &notifier;
    notifier.set_receivers(notify.receivers);
    const Folding folding(views, log);
    const std::string host = address.host.find(':') == std::string::npos ? address.host : '[' + address.host + ']';
    log.say(MessageKind::notice, "listening on http://" + host + ':' + std::to_string(server.port()));
    if (!access.may_listen_beyond_loopback(real_clock()))
        log.say(MessageKind::notice,
                "there is no key: whoever reaches this address is taken for the agent that it names (`daybook key create`)");
    server.run();
    running = nullptr;
    notifying = nullptr;
    if (journal.must_be_opened_anew()) {
        throw CommandError(
            ExitStatus::failure,
            "the journal could not be written to and must be opened anew: start the server again when the disk is well");
    }
    if (const std::size_t left = server.state().requests; left != 0) {
        log.say(MessageKind::error, "stopped: " + std::to_string(left) + unanswered);
        return ExitStatus::failure;
    }
    log.say(MessageKind::notice, "stopped: all that was accepted is answered");
    return ExitStatus::done;
}

}  // namespace

void add_serve_command(CLI::App& root, ChosenCommand& chosen) {
    CLI::App* app = root.add_subcommand("serve", "Answer agents, alert sources and readers over HTTP");
    auto o = std::make_shared<ServeOptions>(*app);
    app->add_option("--listen", o->listen, "Where; port 0 takes a free one. Beyond loopback only with keys")
        ->type_name("ADDRESS:PORT")
        ->capture_default_str();
    app->add_option("--log", o->log, "text, json or auto (text on a terminal)")
        ->check(CLI::IsMember({"auto", "text", "json"}))
        ->capture_default_str();
    app->add_option("--rate-limit", o->requests_per_second, "Requests a second of one agent; 0: any number")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app->add_option("--connections", o->connections_max, "Connections at once")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    app->add_option("--grafana-key-file", o->grafana_key_file,
                    "Holds the key with which Grafana signs what it sends; for its owner alone")
        ->type_name("FILE");
    app->footer(
        "Examples:\n  daybook serve\n  daybook serve --listen 127.0.0.1:0 --log json\n  daybook key create --name gateway --agent "
        "gateway --role agent_gateway && daybook serve --listen 0.0.0.0:8787\n"
        "SIGTERM ends it when what was accepted is answered, or after 10 s with exit status 1; a second one ends it at once. "
        "SIGHUP\n"
        "reads policies and keys again. The layouts follow the journal as --backend (INCIDENT_BACKEND) says; /readyz tells how "
        "far\n"
        "they are.");
    app->callback([o, &chosen] { chosen = [o](Session& session) { return serve(session, *o); }; });
}

}  // namespace daybook
