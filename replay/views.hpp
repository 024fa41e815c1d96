// The views: all projections in an LMDB environment of their own, which may be deleted at any time.
//
// On disk: `<data>/views/generation-<n>`, an environment; `<data>/views/CURRENT`, a file with the name of the one that counts. A
// rebuild fills the next generation beside it and replaces CURRENT: a reader sees the old rows or the new ones, whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal.hpp"
#include "journal/lmdb.hpp"
#include "replay/replayer.hpp"

namespace daybook {

using ReplayProgress = std::function<void(Sequence reached, std::uint64_t size)>;

// Not thread-safe; several processes may use the same views.
class Views {
public:
    // Opens the views in `directory`, or begins empty ones. `journal` outlives them. Throws StorageError.
    // Views that are not of this journal, or have seen events that it does not have, are thrown away and begun anew.
    Views(std::filesystem::path directory, const Journal& journal);
    ~Views();

    // Folds what is new, so that what is read next is as of now. Returns what was parked on the way.
    std::vector<Parked> catch_up(const ReplayProgress& progress = {});

    // Folds everything anew from the first event, beside the live views, and swaps it in. With `only`, that projection alone; the
    // rest is copied and caught up.
    std::vector<Parked> rebuild(std::string_view only, const ReplayProgress& progress = {});

    // As rebuild, for when a text must not stay: the files of all generations before, and what killed processes left, are written
    // over before they are removed. Nobody else may have the views open.
    std::vector<Parked> rebuild_and_scrub(const ReplayProgress& progress = {});

    // What a projection's rows are: equal rows, equal digest.
    struct StateDigest {
        std::string projection;
        std::uint64_t rows = 0;
        Digest digest{};
    };
    std::vector<StateDigest> digests();

    // Builds views up to the limit apart, in a place that is removed afterwards, and hands them over. With `only`, that projection
    // alone. Returns what was parked.
    std::vector<Parked> build_apart(const ReplayLimit& limit, const std::function<void(lmdb::Environment&)>& use,
                                    const ReplayProgress& progress = {}, std::string_view only = {});

    struct Difference {
        std::string projection;
        std::string table;
        std::string key;   // for people
        std::string what;  // "only in the live views", "missing from the live views", "other contents"
    };
    struct Check {
        std::uint64_t size = 0;  // events that both have seen
        std::vector<StateDigest> live, rebuilt;
        std::vector<Difference> differences;  // the first of each table
    };
    // Rebuilds apart, as far as the live views have got, and compares. With `only`, that projection alone.
    Check check(const ReplayProgress& progress = {}, std::string_view only = {});

    // A read transaction on the current generation; see catch_up. Keep it short.
    lmdb::Transaction read();
    // How many events these views have seen.
    std::uint64_t size();

    // For when catch_up() throws NoRoom. Until it is called with false, read() folds what is new into a transaction that is never
    // committed, and needs no room for that. One such transaction at a time, in all processes; folds wait for it.
    void read_in_memory(bool on) { in_memory_ = on; }

    // The environment of the current generation, as of the last call of another function: for who shares the views between threads
    // (ops/tools/shared_views.hpp). It stays open as long as somebody has it, though a rebuild may have replaced it.
    std::shared_ptr<lmdb::Environment> environment() const { return environment_; }

private:
    std::string current_name() const;  // empty where there is none
    void open_current();
    void refresh();
    void make_current(const std::string& name);
    void remove_others(const std::string& name, bool scrub) const;
    bool fits_journal();
    std::filesystem::path next_generation() const;
    std::vector<Parked> rebuild(std::string_view only, bool scrub, const ReplayProgress& progress);
    void copy_others(lmdb::Environment& to, std::string_view except);

    std::filesystem::path directory_;
    const Journal& journal_;
    std::string name_;
    std::shared_ptr<lmdb::Environment> environment_;
    bool in_memory_ = false;
};

std::vector<Views::StateDigest> state_digests(lmdb::Transaction& views);
std::vector<Views::StateDigest> state_digests(lmdb::Environment& views);

}  // namespace daybook
