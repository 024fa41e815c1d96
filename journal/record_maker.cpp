#include "journal/record_maker.hpp"

#include <array>
#include <cassert>
#include <cstring>

#include "journal/leaf.hpp"

namespace daybook {

RecordMaker::RecordMaker(MerkleFrontier frontier, Sha256& sha256, Put put)
    : frontier_(std::move(frontier)), sha256_(sha256), put_record_(std::move(put)), added_(frontier_.size()), put_(added_) {}

RecordMaker::~RecordMaker() {
    if (!worker_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    worker_.join();
}

void RecordMaker::add(const RecordDraft& draft) {
    assert(draft.parts.header.sequence == added_ + 1);
    if (!filling_) {
        if (spare_.empty()) {
            filling_ = std::make_unique<Block>();
            filling_->entries.reserve(block_events);
        } else {
            filling_ = std::move(spare_.back());
            spare_.pop_back();
        }
    }
    // The record is laid out at once; the places of its hashes are filled in later.
    static constexpr std::array<Digest, 65> no_nodes{};
    RecordParts parts = draft.parts;
    parts.nodes = no_nodes.data();
    parts.node_count = completed_nodes({parts.header.sequence}) + 1;
    std::string& records = filling_->records;
    const std::size_t at = records.size();
    const std::size_t size = record_size(parts);
    records.resize(at + size);
    write_record(parts, records.data() + at);
    filling_->entries.push_back({at, size, draft.stream, draft.actor, draft.source, draft.payload_digest, draft.stream_leaf});
    ++added_;
    if (filling_->entries.size() == block_events) hand_over();
}

std::optional<RecordHeader> RecordMaker::header(Sequence sequence) const {
    if (sequence.value <= put_ || sequence.value > added_) return std::nullopt;
    const std::size_t place = sequence.value - put_ - 1;  // all blocks but the last one are full
    const std::size_t block = place / block_events;
    const Block& holder = block < handed_over_.size() ? *handed_over_[block] : *filling_;
    RecordHeader header;
    std::memcpy(&header, holder.records.data() + holder.entries[place % block_events].at, sizeof header);
    return header;
}

void RecordMaker::make(Block& block, const Entry& entry) {
    const auto record = RecordView::parse(block[entry]);
    assert(record);
    const RecordHeader& header = record->header();
    const bool has_text_id = (header.flags & RecordHeader::has_text_id) != 0;
    char uuid[uuid_text_size];
    if (!has_text_id) put_uuid(header.event_id, uuid);

    LeafFields leaf;
    leaf.actor = entry.actor;
    leaf.cause = {header.cause};
    leaf.event_id = has_text_id ? record->text_id() : std::string_view(uuid, sizeof uuid);
    leaf.key = record->key();
    leaf.occurred_at = record->occurred_at();
    leaf.payload_sha256 = entry.payload_digest ? *entry.payload_digest : sha256_({record->salt(), record->payload()});
    if (header.version != 1) leaf.previous = *entry.stream_leaf;
    leaf.recorded_at = record->recorded_at();
    leaf.sequence = record->sequence();
    leaf.source = entry.source;
    leaf.stream = entry.stream;
    leaf.type = header.type;
    leaf.schema_version = header.schema_version;
    leaf.version = header.version;
    leaf_text_.clear();
    append_leaf_text(leaf_text_, leaf);
    *entry.stream_leaf = leaf_hash(sha256_, leaf_text_);
    frontier_.add(sha256_, *entry.stream_leaf, nodes_);
    std::memcpy(block.records.data() + entry.at + sizeof(RecordHeader), nodes_.data(), nodes_.size() * sizeof(Digest));
}

void RecordMaker::make(Block& block) {
    for (const Entry& entry : block.entries) make(block, entry);
}

void RecordMaker::put(Block& block) {
    for (const Entry& entry : block.entries) put_record_({++put_}, block[entry]);
    block.entries.clear();
    block.records.clear();
    block.made = false;
}

void RecordMaker::hand_over() {
    if (!worker_.joinable()) worker_ = std::thread([this] { work(); });
    {
        const std::lock_guard lock(mutex_);
        to_make_.push_back(filling_.get());
    }
    changed_.notify_all();
    handed_over_.push_back(std::move(filling_));
    put_made(blocks_max);
}

// Puts what is made, and waits until no more than `left_at_most` blocks are in the making.
void RecordMaker::put_made(std::size_t left_at_most) {
    while (!handed_over_.empty()) {
        Block& first = *handed_over_.front();
        {
            std::unique_lock lock(mutex_);
            if (!first.made && !failure_ && handed_over_.size() <= left_at_most) return;
            changed_.wait(lock, [&] { return first.made || failure_; });
            if (failure_) std::rethrow_exception(failure_);
        }
        put(first);
        spare_.push_back(std::move(handed_over_.front()));
        handed_over_.pop_front();
    }
}

void RecordMaker::finish() {
    put_made(0);
    if (!filling_ || filling_->entries.empty()) return;
    make(*filling_);
    put(*filling_);
}

void RecordMaker::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [&] { return stopping_ || !to_make_.empty(); });
        if (stopping_) return;
        Block& block = *to_make_.front();
        to_make_.pop_front();
        lock.unlock();
        std::exception_ptr failure;
        try {
            make(block);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        block.made = !failure;
        if (failure) failure_ = failure;
        changed_.notify_all();
    }
}

}  // namespace daybook
