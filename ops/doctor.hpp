// What may be wrong around a journal: the disk, the clock, modes, readers, room, what was left lying about. Each check measures,
// then judges; the judgements are functions of what was measured.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/lmdb.hpp"
#include "journal/time.hpp"
#include "journal/types.hpp"

namespace daybook {

enum class Verdict { ok, warning, problem };
const char* to_text(Verdict verdict);

struct Diagnosis {
    std::string check;
    Verdict verdict = Verdict::ok;
    std::string found;
    std::string advice = {};  // what to do; empty when there is nothing to do
};

// How long it takes until a few KB are on disk, time after time: written and synced in a file of its own in `directory`.
// Throws StorageError where it cannot be written.
std::vector<std::chrono::nanoseconds> measure_sync(const std::filesystem::path& directory, int times);
Diagnosis judge_sync(std::vector<std::chrono::nanoseconds> times);

// By the number that statfs gives a file system. On a network LMDB's locks and its map do not hold.
Diagnosis judge_file_system(std::uint64_t magic);
Diagnosis check_file_system(const std::filesystem::path& directory);

struct Room {
    std::uint64_t used_bytes = 0;  // of the file
    std::uint64_t free_bytes = 0;  // of those, in pages that will be used again
    std::uint64_t map_bytes = 0;   // the file cannot grow beyond it
    std::uint64_t disk_bytes = 0;  // that this user may still write
};
Diagnosis judge_room(const Room& room);
std::uint64_t disk_room(const std::filesystem::path& directory);

// `held_bytes`: of pages that were freed since the oldest of `readers` began, and thus can't be used again.
Diagnosis judge_readers(std::span<const lmdb::Reader> readers, std::uint64_t commit, std::uint64_t held_bytes,
                        std::uint64_t used_bytes, const std::function<bool(int process)>& is_alive);
bool is_alive(int process);

// `newest`: when the newest event was recorded.
Diagnosis judge_clock(std::optional<Time> newest, Time now);
// Whether the kernel takes its clock for synchronised.
Diagnosis check_synchronisation();

// Who may get at the data directory and what is in it.
std::vector<Diagnosis> check_modes(const std::filesystem::path& data);

// What processes that died left behind in and beside `data`.
Diagnosis check_leftovers(const std::filesystem::path& data);

// How many records wait as dead letters in `file`: they were refused, and are no events.
Diagnosis check_dead_letters(const std::filesystem::path& file);

// How far the views are behind a journal of `size` events, and what they could not take.
Diagnosis check_views(const std::filesystem::path& views, std::uint64_t size);

}  // namespace daybook
