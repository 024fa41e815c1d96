#include "tests/support.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include "places.hpp"  // made by meson

namespace daybook::test {
namespace {

std::optional<std::string>& skip_reason() {
    static std::optional<std::string> reason;
    return reason;
}

void demand(bool good, const char* doing) {
    if (!good) throw std::system_error(errno, std::generic_category(), doing);
}

// One direction between two processes; both ends are closed in a program that is started.
struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        demand(::pipe2(ends, O_CLOEXEC) == 0, "pipe2");
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close(read);
        close(write);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    static void close(int& end) {
        if (end >= 0) ::close(std::exchange(end, -1));
    }
};

// Takes what is there. False at the end.
bool read_some(int from, std::string& to) {
    char bytes[65536];
    const ssize_t got = ::read(from, bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) return true;
    demand(got >= 0, "read");
    to.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
}

// Gives what fits. False when all is written, or nobody reads any more.
bool write_some(int to, std::string_view& rest) {
    const ssize_t put = ::write(to, rest.data(), rest.size());
    if (put < 0) return errno == EINTR || errno == EAGAIN;
    rest.remove_prefix(static_cast<std::size_t>(put));
    return !rest.empty();
}

int wait_for(pid_t process) {
    int status = 0;
    while (::waitpid(process, &status, 0) < 0) demand(errno == EINTR, "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

pid_t spawn(const std::vector<std::string>& command, const Pipe& in, const Pipe& out, const Pipe& err,
            const std::filesystem::path& directory) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.write, STDERR_FILENO);
    if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());

    // The test program ignores SIGPIPE; a program under test starts as from a shell.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    pid_t process = -1;
    const int code = ::posix_spawnp(&process, arguments[0], &actions, &attributes, arguments.data(), environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (code != 0) throw std::system_error(code, std::generic_category(), "cannot run " + command.front());
    return process;
}

// Writes `input` and reads both outputs, whichever is ready, until all are at their end.
void converse(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Outcome& outcome) {
    if (input.empty()) Pipe::close(in.write);
    while (in.write >= 0 || out.read >= 0 || err.read >= 0) {
        pollfd ends[3] = {{in.write, POLLOUT, 0}, {out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
        if (::poll(ends, 3, -1) < 0) {
            demand(errno == EINTR, "poll");
            continue;
        }
        if (ends[0].revents != 0 && !write_some(in.write, input)) Pipe::close(in.write);
        if (ends[1].revents != 0 && !read_some(out.read, outcome.out)) Pipe::close(out.read);
        if (ends[2].revents != 0 && !read_some(err.read, outcome.err)) Pipe::close(err.read);
    }
}

}  // namespace

void skip(std::string why) { skip_reason() = std::move(why); }

std::optional<std::string> take_skip_reason() { return std::exchange(skip_reason(), std::nullopt); }

Time at(std::string_view text) {
    const auto time = parse_time(text);
    if (!time) throw std::invalid_argument("not a time: " + std::string(text));
    return *time;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "daybook-test-XXXXXX").string();
    demand(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path project_file(std::string_view name) { return std::filesystem::path(DAYBOOK_ROOT) / name; }

std::optional<std::filesystem::path> shared_data(std::string_view name) {
    auto path = std::filesystem::path(DAYBOOK_ROOT).parent_path() / "shared" / "data" / name;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return path;
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    std::ostringstream bytes;  // by blocks, and not by bytes: some files are large
    bytes << in.rdbuf();
    return std::move(bytes).str();
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string golden(std::string_view name, const std::string& actual) {
    const auto file = project_file("fixtures") / name;
    const char* update = std::getenv("UPDATE_GOLDEN");
    if (update != nullptr && std::string_view(update) == "1") {
        std::filesystem::create_directories(file.parent_path());
        write_file(file, actual);
    }
    if (!std::filesystem::exists(file)) return "there is no fixtures/" + std::string(name) + ": UPDATE_GOLDEN=1 makes it";
    return read_file(file);
}

Outcome run(const std::vector<std::string>& command, std::string_view input, const std::filesystem::path& directory) {
    Pipe in;
    Pipe out;
    Pipe err;
    // poll() says that a pipe takes something, not how much.
    demand(::fcntl(in.write, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    const pid_t process = spawn(command, in, out, err, directory);
    Pipe::close(in.read);
    Pipe::close(out.write);
    Pipe::close(err.write);
    Outcome outcome;
    converse(in, out, err, input, outcome);
    outcome.status = wait_for(process);
    return outcome;
}

std::string daybook_program() { return DAYBOOK_PROGRAM; }

Child::Child(const std::function<std::string()>& work) {
    Pipe pipe;
    std::fflush(nullptr);
    process_ = ::fork();
    demand(process_ >= 0, "fork");
    if (process_ == 0) {
        std::string answer;
        try {
            answer = work();
        } catch (const std::exception& error) {
            answer = std::string("exception: ") + error.what();
        }
        std::string_view rest = answer;
        while (!rest.empty() && write_some(pipe.write, rest)) {
        }
        ::_exit(0);
    }
    answer_ = std::exchange(pipe.read, -1);
}

Child::~Child() {
    if (process_ > 0) wait();
}

std::string Child::wait() {
    std::string answer;
    while (read_some(answer_, answer)) {
    }
    ::close(answer_);
    const int status = wait_for(std::exchange(process_, -1));
    return status == 0 ? answer : "ended with status " + std::to_string(status);
}

std::string without_root(const std::function<std::string()>& work) {
    return Child([&] {
               constexpr uid_t nobody = 65534;
               if (::geteuid() == 0) demand(::setgid(nobody) == 0 && ::setuid(nobody) == 0, "setuid");
               return work();
           })
        .wait();
}

TestJournal::TestJournal(std::vector<TransactionalIndex*> indexes, std::uint64_t seed)
    : indexes_(std::move(indexes)), entropy_(seed), micros_(to_micros(at("2026-02-23T10:00:00Z"))) {
    reopen();
}

void TestJournal::reopen() {
    journal_.reset();
    JournalOptions options;
    options.clock = [this] { return now(); };
    options.entropy = &entropy_;
    options.indexes = indexes_;
    options.origin = "daybook.test/journal";
    options.unindexed_max = unindexed_max;
    journal_ = std::make_unique<Journal>(directory(), std::move(options));
}

AppendRequest TestJournal::request(std::string_view stream, const Payload& payload, std::optional<std::string> key) const {
    AppendRequest request;
    if (key) request.input = KeyedInput{*key, std::nullopt};
    request.decide = [event = event_of(stream, payload, now())](const JournalView&, Time) -> Result<Batch> {
        Batch batch;
        batch.events.push_back(event);
        return batch;
    };
    return request;
}

Result<Appended> TestJournal::append(std::string_view stream, const Payload& payload, std::optional<std::string> key) {
    return journal_->append(request(stream, payload, std::move(key)));
}

Result<Appended> TestJournal::append_note(std::string_view stream, std::string_view text, std::optional<std::string> key) {
    return append(stream, note(text), std::move(key));
}

std::string stream_name(unsigned number) {
    const std::string digits = std::to_string(number);
    return "inc_20260223_1000_test" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

Note note(std::string_view text) {
    Note note;
    note.message = text;
    return note;
}

NewEvent event_of(std::string_view stream, const Payload& payload, Time time) {
    NewEvent event;
    event.stream = stream;
    event.payload = encode(payload);
    event.occurred_at = time;
    event.actor = "ada";
    event.source = "cli";
    return event;
}

KeyedInput keyed(std::string key, std::string_view input) {
    Sha256 sha256;
    return {std::move(key), sha256({input})};
}

}  // namespace daybook::test
