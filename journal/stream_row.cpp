#include "journal/stream_row.hpp"

#include <cstring>
#include <optional>

#include "journal/layout.hpp"

namespace daybook::layout {
namespace {

// Ends the id, and says that the seqs of the last block follow; a row of format 1 has none.
constexpr char id_end = '\0';

// LEB128: seven bits a byte, the lowest first; the highest bit says that there is more.
void append_number(std::string& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
    out += static_cast<char>(number);
}

std::optional<std::uint64_t> take_number(std::string_view& bytes) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
        number |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) return number;
    }
    return std::nullopt;
}

// What follows the id of a row; nothing where that is a row of format 1.
std::optional<std::string_view> steps_of(std::string_view row) {
    const std::size_t end = row.find(id_end, stream_head_bytes);
    return end == std::string_view::npos ? std::nullopt : std::optional(row.substr(end + 1));
}

// The last block, from the newest seq and the steps that lead to it. Whether they add up to as many seqs as there must be.
bool read_steps(const StreamHead& head, std::string_view steps, std::string& block) {
    const std::size_t count = head.version % block_events;
    block.resize(8 * count);
    std::uint64_t lengths[block_events] = {};
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < count; ++i) {
        const auto length = take_number(steps);
        if (!length || *length == 0 || *length >= head.sequence.value - sum) return false;
        lengths[i] = *length;
        sum += *length;
    }
    std::uint64_t sequence = head.sequence.value - sum;
    for (std::size_t i = 0; i < count; ++i) {
        sequence += lengths[i];
        std::memcpy(block.data() + 8 * i, &sequence, sizeof sequence);
    }
    return steps.empty();
}

}  // namespace

StreamHead read_stream_head(std::string_view row) {
    if (row.size() < stream_head_bytes) throw StorageError("a row of the table of streams is damaged: run `daybook verify`");
    StreamHead head;
    head.version = read_u64(row);
    head.sequence = {read_u64(row.substr(8))};
    std::memcpy(head.leaf.data(), row.data() + 16, head.leaf.size());
    return head;
}

std::string_view stream_id_of(std::string_view row) {
    if (row.size() < stream_head_bytes) return {};
    const std::string_view rest = row.substr(stream_head_bytes);
    return rest.substr(0, rest.find(id_end));
}

std::string stream_row(const StreamHead& head, std::string_view id, std::string_view block) {
    std::string row;
    row.reserve(stream_head_bytes + id.size() + 1 + block.size() / 2);
    append_u64(row, head.version);
    append_u64(row, head.sequence.value);
    row += daybook::bytes_of(head.leaf);
    row += id;
    row += id_end;
    for (std::size_t at = 8; at + 8 <= block.size(); at += 8) {
        append_number(row, read_u64(block.substr(at)) - read_u64(block.substr(at - 8)));
    }
    return row;
}

void find_stream_block(const lmdb::Transaction& transaction, const JournalTables& tables, StreamNumber number, std::uint64_t block,
                       StreamBlock& found) {
    found.in_index = false;
    found.last.clear();
    const auto row = transaction.get(tables.streams, key_of(number.value, 4));
    if (row && row->size() >= stream_head_bytes) {
        const StreamHead head = read_stream_head(*row);
        const auto steps = steps_of(*row);
        if (steps && block == head.version / block_events) {
            if (!read_steps(head, *steps, found.last)) found.last.clear();
            return;
        }
    }
    const auto whole = transaction.get(tables.stream_index, block_key(number, block));
    if (!whole) return;
    found.row = *whole;
    found.in_index = true;
}

}  // namespace daybook::layout
