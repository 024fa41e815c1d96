// The words that the tests are written in: temporary directories, programs that are run, a journal with a clock of its own.
//
// Nothing here asserts: a test says itself what it expects.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"

namespace daybook::test {

// Marks the running test as skipped; return from it after that. A failed assertion counts more.
void skip(std::string why);
// For main.cpp: why the test that just ended was skipped, if it was.
std::optional<std::string> take_skip_reason();

// The time that `text` says (RFC 3339). Throws where it is none.
Time at(std::string_view text);

// A directory of its own, removed with all that is in it at the end.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

// A file of this repository, by its path from the root.
std::filesystem::path project_file(std::string_view name);
// A file or folder of the data that lies beside the project, ../shared/data; nothing where there is none: skip then.
std::optional<std::filesystem::path> shared_data(std::string_view name);

// All bytes of a file. Throws std::runtime_error where it cannot be read.
std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, std::string_view bytes);

// The golden file fixtures/<name>, for `CHECK(actual == golden(name, actual))`. With UPDATE_GOLDEN=1 in the environment it is
// written anew from `actual` first: read the change as a diff. Where there is no such file the answer says so.
std::string golden(std::string_view name, const std::string& actual);

// How a program ended: its exit status, or 128 and the signal's number.
struct Outcome {
    int status = 0;
    std::string out;
    std::string err;
};

// Runs command[0], found along PATH, with the rest as its arguments and `input` as its standard input, until it ends.
// Works with any amount of input and output. In `directory`, if one is given. Throws std::system_error if it cannot be run.
Outcome run(const std::vector<std::string>& command, std::string_view input = {}, const std::filesystem::path& directory = {});

// The real binary.
std::string daybook_program();

// What `work` returns, in a process of its own (fork): for locks between processes, and for rights given up. An exception of
// `work` comes back as "exception: " and its text. Not while other threads run.
class Child {
public:
    explicit Child(const std::function<std::string()>& work);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    std::string wait();  // the answer; call it once

private:
    int process_ = -1;
    int answer_ = -1;
};

// Runs `work` in a child that is not root, so that modes of files hold for it.
std::string without_root(const std::function<std::string()>& work);

// A journal in a temporary directory, with seeded randomness and a clock that stands still until it is set.
class TestJournal {
public:
    // So few that tests meet indexed events and others.
    static constexpr std::uint64_t unindexed_max = 7;

    // `indexes` outlive it.
    explicit TestJournal(std::vector<TransactionalIndex*> indexes = {}, std::uint64_t seed = 1);

    Journal& operator*() { return *journal_; }
    Journal* operator->() { return journal_.get(); }
    std::filesystem::path directory() const { return directory_ / "journal"; }

    void set_time(Time time) { micros_ = to_micros(time); }
    void advance(Microseconds by) { micros_ += by.count(); }
    Time now() const { return from_micros(micros_); }

    // Closes the journal and opens it again, as the next process would.
    void reopen();
    void close() { journal_.reset(); }

    // One event, without a rule in its way; `now` is when it happened. It is by "ada", from "cli".
    Result<Appended> append(std::string_view stream, const Payload& payload, std::optional<std::string> key = {});
    Result<Appended> append_note(std::string_view stream, std::string_view text, std::optional<std::string> key = {});

    std::uint64_t size() { return journal_->snapshot()->size(); }

    // The request that `append` makes.
    AppendRequest request(std::string_view stream, const Payload& payload, std::optional<std::string> key = {}) const;

private:
    TemporaryDirectory directory_;
    std::vector<TransactionalIndex*> indexes_;
    SeededEntropy entropy_;
    std::atomic<std::int64_t> micros_;
    std::unique_ptr<Journal> journal_;
};

// An incident's id for a stream: inc_20260223_1000_test<number, four digits>.
std::string stream_name(unsigned number = 1);

Note note(std::string_view text);
// An event that happened at `time`, by "ada", from "cli".
NewEvent event_of(std::string_view stream, const Payload& payload, Time time);
// The input that a key stands for, as its SHA-256.
KeyedInput keyed(std::string key, std::string_view input);

}  // namespace daybook::test
