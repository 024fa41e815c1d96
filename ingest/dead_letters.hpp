// The dead letters: lines that could not be taken, with the reason, kept in a file beside the data until somebody mends them.
//
// On disk: JSON Lines, one letter a line:
//   {"sha256":…,"at":…,"file":…,"line":…,"offset":…,"code":…,"field":…,"reason":…,"record":{…}}
// `record` is the line where it is JSON, and is what a person mends; of a payload with many alerts it holds the refused ones alone,
// and `field` is a place in the payload as it came. Where several were refused, code, field and reason are those of the first, and
// `reasons` before the record lists the three of each, in the order of the alerts. A line that is no JSON stands as `text`, one
// that is no UTF-8 as `hex`: a person mends the text itself, or puts the record into `record`, which counts before both. A line
// that is there already is not added again. sha256, file, line and offset are those of the line as it came, also once the record
// was mended, or is refused again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/ingest.hpp"
#include "journal/json.hpp"
#include "journal/sha256.hpp"

namespace daybook {

class AtomicFile;

// Holds a lock on the file, across processes, while it adds a letter, and while it goes through all of them. Not thread-safe.
class DeadLetters {
public:
    // Nothing is made before the first letter is added.
    explicit DeadLetters(std::filesystem::path file);
    ~DeadLetters();
    DeadLetters(const DeadLetters&) = delete;
    DeadLetters& operator=(const DeadLetters&) = delete;

    // `at` is now; `source` the name of the file that the line came from. Throws StorageError.
    void add(const RefusedLine& line, const std::string& source, Time at);
    // Everything added is on disk when it returns. Throws StorageError.
    void sync();

    using Refused = std::function<void(const RefusedLine&)>;
    // Hands the records to `take`, as a file of JSON Lines whose lines have the numbers of their letters, and keeps the letters
    // whose line it reports as refused, with the new reason; letters that hold no record yet are kept as they are. All that are
    // kept are told to `refused`, with the number of the letter. The counts are those that `take` returns, and the letters without
    // a record. Throws StorageError, and what `take` throws: the letters are then as before.
    IngestCounts retry(Time at, const std::function<IngestCounts(const std::filesystem::path& records, const Refused&)>& take,
                       const Refused& refused);

    // Removes the letters that were last refused before `before`; returns how many that are. What is no letter stays; with a line
    // over the limit in the file, all stay. With
    // `dry_run` nothing is removed. Throws StorageError: the letters are then as before.
    std::size_t prune(Time before, bool dry_run);

    const std::filesystem::path& file() const { return file_; }

private:
    // Where a line came from.
    struct Origin {
        std::string sha256;
        std::string file;
        std::uint64_t line = 0;
        std::uint64_t offset = 0;
    };
    struct Letter;
    // What tells one state of the file from another.
    struct State {
        std::uint64_t device = 0, inode = 0, size = 0;
    };
    // The lock, for the while. Throws StorageError.
    class Locked {
    public:
        explicit Locked(DeadLetters& letters) : letters_(letters) { letters_.lock(); }
        ~Locked() { letters_.unlock(); }
        Locked(const Locked&) = delete;
        Locked& operator=(const Locked&) = delete;

    private:
        DeadLetters& letters_;
    };
    void lock();
    void unlock();
    State state() const;
    void refresh_known();
    void learn_known(std::uint64_t offset);
    void write(const std::string& letter);
    void replace_by(AtomicFile& kept);
    std::string letter_of(const Origin& origin, const std::vector<Refusal>& refusals, std::string_view line, Time at);
    void find_record(Letter& letter, const JsonValue& value);
    std::vector<Letter> read_letters(const std::filesystem::path& records);

    std::filesystem::path file_;
    int fd_ = -1;
    std::optional<std::set<std::string>> known_;  // digests of the lines that were there
    State known_in_;                              // when the file was in this state
    bool unsynced_ = false;
    JsonReader reader_;
    Sha256 sha256_;
};

}  // namespace daybook
