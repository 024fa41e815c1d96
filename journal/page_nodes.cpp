#include "journal/page_nodes.hpp"

#include <algorithm>

namespace daybook::lmdb {
namespace {

constexpr std::size_t key_bytes_max = 511;

std::uint16_t read_half(std::string_view page, std::size_t at) {
    std::uint16_t half = 0;
    std::memcpy(&half, page.data() + at, sizeof half);
    return half;
}

std::size_t even(std::size_t size) { return size + (size & 1); }

}  // namespace

std::string PageNodes::parse(std::string_view page, std::uint64_t page_number) {
    number = page_number;
    nodes.clear();
    std::memcpy(&header, page.data(), sizeof header);
    if (header.number != number) return "its header has the number " + std::to_string(header.number);
    if (header.flags != PageHeader::branch && header.flags != PageHeader::leaf) {
        return "it is neither a branch nor a leaf: its flags are " + std::to_string(header.flags);
    }
    const std::size_t lower = header.lower;
    const std::size_t upper = header.upper;
    if (lower < sizeof header || lower % 2 != 0 || upper % 2 != 0 || lower > upper || upper > page.size()) {
        return "its free room would be from " + std::to_string(lower) + " to " + std::to_string(upper);
    }
    for (std::size_t place = sizeof header; place < lower; place += 2) {
        const std::uint16_t at = read_half(page, place);
        const std::string wrong = parse_node(page, at);
        if (!wrong.empty()) return "its node " + std::to_string(nodes.size()) + " at " + std::to_string(at) + ": " + wrong;
    }
    if (nodes.empty()) return "it is empty";
    return check_gaps(page.size());
}

std::string PageNodes::parse_node(std::string_view page, std::uint16_t at) {
    if (at < header.upper || at % 2 != 0 || at + Node::header_bytes > page.size()) return "it does not lie where nodes do";
    const std::uint32_t low = read_half(page, at) | static_cast<std::uint32_t>(read_half(page, at + 2u)) << 16;
    Node node;
    node.at = at;
    node.flags = read_half(page, at + 4u);
    const std::size_t key_size = read_half(page, at + 6u);
    std::size_t value_size = 0;
    if (is_branch()) {
        node.child = low | static_cast<std::uint64_t>(node.flags) << 32;
        node.flags = 0;
    } else {
        if (node.flags != 0 && node.flags != Node::is_long && node.flags != Node::is_table) {
            return "its flags are " + std::to_string(node.flags);
        }
        node.value_bytes = low;
        value_size = node.has(Node::is_long) ? sizeof(std::uint64_t) : low;
        if (key_size == 0) return "it has no key";
    }
    if (key_size > key_bytes_max) return "its key would have " + std::to_string(key_size) + " bytes";
    if (at + Node::header_bytes + key_size + value_size > page.size()) return "it reaches beyond the page";
    node.key = page.substr(at + Node::header_bytes, key_size);
    node.value = page.substr(at + Node::header_bytes + key_size, value_size);
    nodes.push_back(node);
    return "";
}

// Nodes fill the page from `upper` to its end.
std::string PageNodes::check_gaps(std::size_t page_size) {
    spans_.clear();
    for (const Node& node : nodes) spans_.emplace_back(node.at, node.at + even(node.size()));
    std::sort(spans_.begin(), spans_.end());
    std::size_t next = header.upper;
    for (const auto& [from, to] : spans_) {
        if (from != next) return "its nodes " + std::string(from < next ? "overlap" : "have a gap") + " at " + std::to_string(from);
        next = to;
    }
    return next == page_size ? "" : "its nodes end at " + std::to_string(next);
}

}  // namespace daybook::lmdb
