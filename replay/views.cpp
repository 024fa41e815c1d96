#include "replay/views.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/file_lock.hpp"
#include "journal/scrub.hpp"
#include "journal/sha256.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

constexpr const char* generation_prefix = "generation-";
constexpr const char* apart_prefix = "apart-";

lmdb::Options options(bool durable) {
    lmdb::Options options;
    options.tables_max = 24;
    options.durable = durable;
    return options;
}

// Held by whoever makes or removes a generation.
std::filesystem::path lock_of_generations(const std::filesystem::path& directory) { return directory / "LOCK"; }

// Removed with all that is in it, unless kept.
class ScratchDirectory {
public:
    explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) { std::filesystem::remove_all(path_); }
    ~ScratchDirectory() {
        std::error_code ignored;
        if (!kept_) std::filesystem::remove_all(path_, ignored);
    }
    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;
    const std::filesystem::path& path() const { return path_; }
    void keep() { kept_ = true; }

private:
    std::filesystem::path path_;
    bool kept_ = false;
};

void copy_table(lmdb::Transaction& from, lmdb::Transaction& to, const std::string& name) {
    const auto source = from.open(name.c_str());
    if (!source) return;
    const lmdb::Table target = *to.open(name.c_str());
    lmdb::Cursor cursor(from, *source);
    for (bool there = cursor.first(); there; there = cursor.next()) to.append(target, cursor.key(), cursor.value());
}

// The first key at which two tables differ.
std::optional<Views::Difference> first_difference(lmdb::Transaction& live, lmdb::Transaction& rebuilt, const Projection& projection,
                                                  const std::string& table) {
    const auto a = live.open(table.c_str());
    const auto b = rebuilt.open(table.c_str());
    const auto differs = [&](std::string_view key, const char* what) {
        return Views::Difference{std::string(projection.name()), table, projection.describe(table, key), what};
    };
    // A table without rows is as good as none: a server makes all tables before there is an event.
    std::optional<lmdb::Cursor> left, right;
    if (a) left.emplace(live, *a);
    if (b) right.emplace(rebuilt, *b);
    bool has_left = left && left->first();
    bool has_right = right && right->first();
    while (has_left && has_right) {
        if (left->key() < right->key()) return differs(left->key(), "only in the live views");
        if (right->key() < left->key()) return differs(right->key(), "missing from the live views");
        if (left->value() != right->value()) return differs(left->key(), "other contents in the live views");
        has_left = left->next();
        has_right = right->next();
    }
    if (has_left) return differs(left->key(), "only in the live views");
    if (has_right) return differs(right->key(), "missing from the live views");
    return std::nullopt;
}

}  // namespace

Views::Views(std::filesystem::path directory, const Journal& journal) : directory_(std::move(directory)), journal_(journal) {
    open_current();
    if (fits_journal()) return;
    {
        const FileLock lock(lock_of_generations(directory_));
        const auto next = next_generation();
        {
            const lmdb::Environment fresh(next, options(true));
        }
        make_current(next.filename().string());
        remove_others(next.filename().string(), false);
    }
    open_current();  // which may take the lock
}

Views::~Views() = default;

std::string Views::current_name() const {
    const auto text = read_if_exists(directory_ / "CURRENT", 4096);
    const std::string name = text ? text->substr(0, text->find('\n')) : std::string();
    return name.starts_with(generation_prefix) && name.find('/') == std::string::npos ? name : std::string();
}

void Views::open_current() {
    // A rebuild elsewhere may remove a generation between the look at CURRENT and the opening.
    for (int attempt = 0;; ++attempt) {
        std::string name = current_name();
        if (name.empty() || !std::filesystem::exists(directory_ / name / "data.mdb")) {
            std::error_code error;
            std::filesystem::create_directories(directory_, error);  // also where it was deleted meanwhile
            if (error) throw StorageError("cannot make the directory " + directory_.string() + ": " + error.message());
            const FileLock lock(lock_of_generations(directory_));
            name = current_name();
            if (name.empty() || !std::filesystem::exists(directory_ / name / "data.mdb")) {
                const auto next = next_generation();
                {
                    const lmdb::Environment fresh(next, options(true));
                }
                name = next.filename().string();
                make_current(name);
                remove_others(name, false);
                name_.clear();  // what is open was deleted, though it may have had the same name
            }
        }
        if (environment_ && name == name_) return;
        environment_.reset();
        try {
            environment_ = std::make_shared<lmdb::Environment>(directory_ / name, options(true));
            if (current_name() != name) continue;  // replaced meanwhile: this one may have been removed and made anew, empty
            name_ = name;
            return;
        } catch (const StorageError& error) {
            if (attempt < 3 && current_name() != name) continue;
            throw StorageError(
                "the views can't be opened; they hold nothing of their own: `daybook replay --rebuild` makes them anew. " +
                std::string(error.what()));
        }
    }
}

void Views::refresh() {
    if (current_name() != name_) open_current();
}

std::filesystem::path Views::next_generation() const {
    std::uint64_t number = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(generation_prefix)) continue;
        number = std::max<std::uint64_t>(number, std::strtoull(name.c_str() + std::strlen(generation_prefix), nullptr, 10));
    }
    return directory_ / (generation_prefix + std::to_string(number + 1));
}

void Views::make_current(const std::string& name) {
    AtomicFile file(directory_ / "CURRENT");
    file.write(name + '\n');
    file.commit();
}

// Readers that have an older generation open go on with it until they look at CURRENT again.
void Views::remove_others(const std::string& name, bool scrub) const {
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        const std::string other = entry.path().filename().string();
        if (scrub && other.starts_with(apart_prefix)) scrub_directory(entry.path());
        if (!other.starts_with(generation_prefix) || other == name) continue;
        if (scrub) scrub_directory(entry.path());
        std::filesystem::remove_all(entry.path());
    }
}

// Whether the last event that these views have seen is the one that the journal has there.
bool Views::fits_journal() {
    lmdb::Transaction views(*environment_, lmdb::Transaction::Kind::read);
    const Snapshot journal = journal_.snapshot();
    for (const auto& projection : make_projections()) {
        const Position position = position_of(views, projection->name());
        if (!position.sequence) continue;
        const auto record = journal->record(position.sequence);
        if (!record || record->leaf_hash() != position.leaf) return false;
    }
    return true;
}

std::vector<Parked> Views::catch_up(const ReplayProgress& progress) {
    refresh();
    const std::uint64_t size = journal_.snapshot()->size();
    if (this->size() >= size) return {};
    Replayer replayer(journal_, *environment_);
    return replayer.run({size, {}}, [&](Sequence reached) {
        if (progress) progress(reached, size);
    });
}

std::vector<Parked> Views::rebuild(std::string_view only, const ReplayProgress& progress) { return rebuild(only, false, progress); }

std::vector<Parked> Views::rebuild_and_scrub(const ReplayProgress& progress) { return rebuild({}, true, progress); }

std::vector<Parked> Views::rebuild(std::string_view only, bool scrub, const ReplayProgress& progress) {
    refresh();
    std::optional<FileLock> lock(lock_of_generations(directory_));
    ScratchDirectory next(next_generation());
    std::vector<Parked> parked;
    {
        lmdb::Environment environment(next.path(), options(false));
        if (!only.empty()) copy_others(environment, only);
        // What was copied is brought to the same event as what is built anew.
        const std::uint64_t size = journal_.snapshot()->size();
        Replayer replayer(journal_, environment);
        parked = replayer.run({size, {}}, [&](Sequence reached) {
            if (progress) progress(reached, size);
        });
        environment.sync();
    }
    next.keep();
    environment_.reset();
    make_current(next.path().filename().string());
    remove_others(next.path().filename().string(), scrub);
    lock.reset();
    open_current();  // which may take the lock
    return parked;
}

// Copies the rows, positions and parked events of all projections but one.
void Views::copy_others(lmdb::Environment& to, std::string_view except) {
    lmdb::Transaction from(*environment_, lmdb::Transaction::Kind::read);
    lmdb::Transaction target(to, lmdb::Transaction::Kind::write);
    for (const auto& projection : make_projections()) {
        if (projection->name() == except) continue;
        for (const std::string& table : projection->tables()) copy_table(from, target, table);
    }
    copy_table(from, target, "positions");
    copy_table(from, target, "parked");
    target.erase(*target.open("positions"), except);
    const lmdb::Table parked = *target.open("parked");
    const std::string prefix = std::string(except) + '\0';
    std::vector<std::string> stale;
    {
        lmdb::Cursor cursor(target, parked);
        for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
            stale.emplace_back(cursor.key());
        }
    }
    for (const std::string& key : stale) target.erase(parked, key);
    target.commit();
}

std::vector<Parked> Views::build_apart(const ReplayLimit& limit, const std::function<void(lmdb::Environment&)>& use,
                                       const ReplayProgress& progress, std::string_view only) {
    const ScratchDirectory apart(directory_ / (apart_prefix + std::to_string(::getpid())));
    lmdb::Environment environment(apart.path(), options(false));
    Replayer replayer(journal_, environment, only);
    auto parked = replayer.run(limit, [&](Sequence reached) {
        if (progress) progress(reached, limit.size);
    });
    use(environment);
    return parked;
}

std::vector<Views::StateDigest> state_digests(lmdb::Environment& views) {
    lmdb::Transaction transaction(views, lmdb::Transaction::Kind::read);
    return state_digests(transaction);
}

std::vector<Views::StateDigest> state_digests(lmdb::Transaction& transaction) {
    std::vector<Views::StateDigest> digests;
    Sha256 sha256;
    const auto add = [&](std::string_view bytes) {
        std::string size;
        append_big_endian(size, bytes.size(), 8);
        sha256.update(size);
        sha256.update(bytes);
    };
    for (const auto& projection : make_projections()) {
        Views::StateDigest digest;
        digest.projection = projection->name();
        sha256.start();
        for (const std::string& name : projection->tables()) {
            add(name);
            const auto table = transaction.open(name.c_str());
            if (!table) continue;
            lmdb::Cursor cursor(transaction, *table);
            for (bool there = cursor.first(); there; there = cursor.next()) {
                add(cursor.key());
                add(cursor.value());
                ++digest.rows;
            }
        }
        digest.digest = sha256.finish();
        digests.push_back(std::move(digest));
    }
    return digests;
}

std::vector<Views::StateDigest> Views::digests() {
    refresh();
    return state_digests(*environment_);
}

Views::Check Views::check(const ReplayProgress& progress, std::string_view only) {
    refresh();
    Check check;
    // Others may fold on meanwhile: what is compared are the live views as they are now.
    lmdb::Transaction left(*environment_, lmdb::Transaction::Kind::read);
    check.size = position_of_all(left).sequence.value;
    build_apart(
        {check.size, {}},
        [&](lmdb::Environment& rebuilt) {
            lmdb::Transaction right(rebuilt, lmdb::Transaction::Kind::read);
            check.live = state_digests(left);
            check.rebuilt = state_digests(right);
            for (const auto& projection : make_projections()) {
                if (!only.empty() && projection->name() != only) continue;
                for (const std::string& table : projection->tables()) {
                    if (auto difference = first_difference(left, right, *projection, table)) {
                        check.differences.push_back(std::move(*difference));
                    }
                }
            }
        },
        progress, only);
    return check;
}

lmdb::Transaction Views::read() {
    refresh();
    if (!in_memory_) return lmdb::Transaction(*environment_, lmdb::Transaction::Kind::read);
    lmdb::Transaction transaction(*environment_, lmdb::Transaction::Kind::write);
    Replayer(journal_, *environment_).fold_into(transaction, {journal_.snapshot()->size(), {}});
    return transaction;
}

std::uint64_t Views::size() {
    if (in_memory_) return journal_.snapshot()->size();
    lmdb::Transaction transaction = read();
    return position_of_all(transaction).sequence.value;
}

}  // namespace daybook
