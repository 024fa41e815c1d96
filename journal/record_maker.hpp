// Makes records of drafts: salted digest, leaf, tree nodes. For journal/ alone.
//
// A transaction of many events is made on two cores: the writer decides and keeps the indexes, this hashes behind it. Drafts are
// handed over in blocks; few events, as of one command, are made in the caller's thread when they are asked for.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "journal/merkle.hpp"
#include "journal/record.hpp"

namespace daybook {

// All of an event but its hashes.
struct RecordDraft {
    RecordParts parts;                       // without nodes
    std::string_view stream, actor, source;  // these live as long as the RecordMaker
    std::optional<Digest> payload_digest;    // with the salt; else it is computed
    Digest* stream_leaf = nullptr;           // the leaf hash of the event before it in the stream; becomes that of this one
};

// Used by the thread that writes; `add` keeps the order of seq.
class RecordMaker {
public:
    // Puts one record where it belongs, in the order of seq; its bytes are valid during the call.
    using Put = std::function<void(Sequence, std::string_view bytes)>;

    // `frontier`: the tree before the first draft. `sha256` is used by nobody else until this one is gone.
    RecordMaker(MerkleFrontier frontier, Sha256& sha256, Put put);
    ~RecordMaker();
    RecordMaker(const RecordMaker&) = delete;
    RecordMaker& operator=(const RecordMaker&) = delete;

    std::uint64_t size() const { return added_; }  // of the tree, with all that was added
    void add(const RecordDraft& draft);
    // Puts all that was added. After that the stream leaves and the frontier hold it too.
    void finish();
    const MerkleFrontier& frontier() const { return frontier_; }

    // Of an event that was added and not yet put.
    std::optional<RecordHeader> header(Sequence sequence) const;

private:
    static constexpr std::size_t block_events = 64;
    static constexpr std::size_t blocks_max = 16;  // handed over and not yet put

    struct Entry {
        std::size_t at = 0;  // of the record in `records`
        std::size_t size = 0;
        std::string_view stream, actor, source;
        std::optional<Digest> payload_digest;
        Digest* stream_leaf = nullptr;
    };
    struct Block {
        std::vector<Entry> entries;
        std::string records;
        bool made = false;  // guarded by mutex_

        std::string_view operator[](const Entry& entry) const { return std::string_view(records).substr(entry.at, entry.size); }
    };

    void make(Block& block);
    void make(Block& block, const Entry& entry);
    void hand_over();
    void put(Block& block);
    void put_made(std::size_t left_at_most);
    void work();

    MerkleFrontier frontier_;  // of what was made: the worker's while it works
    Sha256& sha256_;
    Put put_record_;
    std::uint64_t added_;
    std::uint64_t put_;
    std::string leaf_text_;
    std::vector<Digest> nodes_;

    std::unique_ptr<Block> filling_;
    std::deque<std::unique_ptr<Block>> handed_over_;  // in order; put from the front
    std::vector<std::unique_ptr<Block>> spare_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Block*> to_make_;
    std::exception_ptr failure_;
    bool stopping_ = false;
    std::thread worker_;
};

}  // namespace daybook
