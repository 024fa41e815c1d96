// One page of an LMDB tree, taken apart. For page_check.cpp alone.
//
// A page begins with its header and then has, growing up, the places of its nodes (2 bytes each, in the order of their keys), and,
// growing down from its end, the nodes without a gap. A node is a header of 8 bytes, a key, and on a leaf a value, rounded up
// to 2 bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/meta_pages.hpp"

namespace daybook::lmdb {

struct Node {
    std::uint16_t at = 0;  // on its page
    std::uint16_t flags = 0;
    std::string_view key;
    // On a leaf:
    std::string_view value;         // as it lies there: for a long value the number of its first overflow page
    std::uint32_t value_bytes = 0;  // of the value itself
    // On a branch:
    std::uint64_t child = 0;

    static constexpr std::size_t header_bytes = 8;
    static constexpr std::uint16_t is_long = 0x01;   // the value lies on overflow pages
    static constexpr std::uint16_t is_table = 0x02;  // the value is a TreeHead
    bool has(std::uint16_t flag) const { return (flags & flag) != 0; }
    // With its key and value, without what rounds it up.
    std::size_t size() const { return header_bytes + key.size() + value.size(); }
};

// Reused for many pages, it keeps its room.
struct PageNodes {
    std::uint64_t number = 0;
    PageHeader header;
    std::vector<Node> nodes;

    bool is_branch() const { return (header.flags & PageHeader::branch) != 0; }
    // Takes `page`, number `number` of the file, apart; its bytes outlive this. What is wrong with it, or an empty text.
    std::string parse(std::string_view page, std::uint64_t number);

private:
    std::string parse_node(std::string_view page, std::uint16_t at);
    std::string check_gaps(std::size_t page_size);

    std::vector<std::pair<std::size_t, std::size_t>> spans_;  // of the nodes; kept for its room
};

inline std::uint64_t read_word(std::string_view bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size() < sizeof word ? bytes.size() : sizeof word);
    return word;
}

}  // namespace daybook::lmdb
