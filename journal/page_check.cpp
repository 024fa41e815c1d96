#include "journal/page_check.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <future>
#include <optional>
#include <string_view>

#include <unistd.h>

#include "journal/failed_commit.hpp"
#include "journal/journal_lock.hpp"
#include "journal/lmdb.hpp"
#include "journal/page_nodes.hpp"
#include "journal/verify_parts.hpp"

namespace daybook {
namespace {

using lmdb::Meta;
using lmdb::Node;
using lmdb::PageHeader;
using lmdb::PageNodes;
using lmdb::TreeHead;

constexpr std::size_t depth_max = 32;  // LMDB's own limit
constexpr std::uint16_t integer_keys = 0x08;

constexpr std::string_view journal_tables[] = {"blobs",    "event_ids", "events",     "keys",         "meta",
                                               "name_ids", "names",     "stream_ids", "stream_index", "streams"};
constexpr std::string_view redaction_table = "redactions";  // a journal from before it has none

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

struct Tree {
    enum class Kind { free_list, main, table };
    Kind kind = Kind::table;
    std::string name;
    TreeHead head;
    TreeHead met = {};    // what the walk counts
    bool broken = false;  // has findings: counts say nothing any more

    // The free list's keys are numbers of this machine, all others sort by their bytes.
    bool less(std::string_view a, std::string_view b) const {
        return kind == Kind::free_list ? lmdb::read_word(a) < lmdb::read_word(b) : a < b;
    }
    // Where no row was ever erased, the key before a page is the first one below it.
    bool never_erases() const {
        return kind == Kind::table && is_one_of(journal_tables, name) && name != "blobs" && name != "meta";
    }
    std::string show(std::string_view key) const {
        if (kind == Kind::free_list) return std::to_string(lmdb::read_word(key));
        if (name == "events" && key.size() == 8) return std::to_string(read_big_endian(key));
        return verification::show(key);
    }
};

// The keys that may stand on a page: from `from` on, up to but not including `to`.
struct Bounds {
    std::optional<std::string_view> from = {}, to = {};
};

// Where the walk is.
struct Place {
    std::uint64_t number = 0;
    std::size_t level = 0;  // 0: the root
    Bounds bounds;
};

class Walk {
public:
    Walk(int fd, std::string file, const lmdb::MetaPages& metas, const ByteUses& uses)
        : fd_(fd),
          file_(std::move(file)),
          metas_(metas),
          meta_place_(static_cast<std::uint64_t>(metas.newest)),
          meta_(metas.metas[metas.newest]),
          older_(metas.metas[1 - metas.newest]),
          uses_(uses),
          page_size_(meta_.page_size()),
          in_tree_(meta_.last_page + 1),
          in_free_list_(meta_.last_page + 1) {}

    PageCheck run(const std::vector<std::string>& index_tables);

private:
    void walk(Tree& tree);
    void walk_tables();
    void take_over(const Walk& other);
    std::optional<std::string> visit(Tree& tree, const Place& place);
    std::optional<std::string> visit_branch(Tree& tree, const Place& place, const PageNodes& page);
    void visit_leaf(Tree& tree, const Place& place, const PageNodes& page);
    std::optional<std::uint64_t> find_value(Tree& tree, const Place& place, const Node& node);
    void take_freed(Tree& tree, const Place& place, const Node& row, std::uint64_t value_at);
    void check_keys(const Tree& tree, const Place& place, const PageNodes& page, std::string& wrong) const;
    void check_counts(Tree& tree);
    void check_tables(const Tree& main, const std::vector<std::string>& index_tables);
    void check_free_pages();
    void check_meta();
    void check_older_meta();
    bool take(std::uint64_t page, std::uint64_t count);
    void read(std::uint64_t at, std::size_t size, std::string& to) const;
    void read_page(std::uint64_t page, std::string& to);
    void report(Tree& tree, const Place& place, const std::string& what);
    void add(std::string text);
    void use(std::uint64_t at, std::uint64_t size, ByteUse how = ByteUse::live) const {
        if (uses_ && size != 0) uses_(at, size, how);
    }
    // The header of the page that begins there, but for the two bytes that mean nothing.
    void use_header(std::uint64_t at) const {
        use(at, 8);
        use(at + 10, 6);
    }

    int fd_;
    std::string file_;
    lmdb::MetaPages metas_;
    std::uint64_t meta_place_;
    Meta meta_, older_;
    const ByteUses& uses_;
    std::uint64_t page_size_;
    std::vector<bool> in_tree_, in_free_list_;
    std::vector<Tree> tables_;
    std::vector<std::uint64_t> freed_by_newest_;
    std::vector<std::uint64_t> behind_count_;  // in rows of the free list, behind what counts: left over, as a rule
    std::string buffers_[depth_max];
    PageNodes pages_[depth_max];
    std::string freed_;
    std::string ahead_;  // pages that were read ahead, since leaves tend to follow each other
    std::uint64_t ahead_from_ = 0;
    std::uint64_t read_last_ = 0;
    PageCheck result_;
};

PageCheck Walk::run(const std::vector<std::string>& index_tables) {
    (void)take(0, 2);
    check_meta();
    Tree main{Tree::Kind::main, "of tables", meta_.main};
    walk(main);
    check_tables(main, index_tables);
    walk_tables();
    Tree free_list{Tree::Kind::free_list, "of free pages", meta_.free_list};
    walk(free_list);
    check_free_pages();
    check_older_meta();
    result_.pages = meta_.last_page + 1;
    return std::move(result_);
}

void Walk::add(std::string text) {
    if (++result_.findings_count > PageCheck::kept_max) return;
    result_.findings.push_back({Finding::Kind::page, {}, std::move(text)});
}

void Walk::report(Tree& tree, const Place& place, const std::string& what) {
    tree.broken = true;
    std::string text = "page " + std::to_string(place.number) + " of the table " + tree.name;
    if (place.bounds.from) text += ", from " + tree.show(*place.bounds.from);
    if (place.bounds.to) text += ", before " + tree.show(*place.bounds.to);
    add(text + ": " + what);
}

void Walk::read(std::uint64_t at, std::size_t size, std::string& to) const {
    to.resize(size);
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(fd_, to.data() + done, size - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            throw StorageError("cannot read page " + std::to_string(at / page_size_) + " of " + file_ + ": " +
                               (got == 0 ? "the file ends before it" : std::strerror(errno)));
        }
        done += static_cast<std::size_t>(got);
    }
}

void Walk::read_page(std::uint64_t page, std::string& to) {
    constexpr std::uint64_t ahead_pages = 32;
    const bool follows = page == read_last_ + 1;
    read_last_ = page;
    if (page < ahead_from_ || page >= ahead_from_ + ahead_.size() / page_size_) {
        if (!follows) return read(page * page_size_, page_size_, to);
        ahead_from_ = page;
        read(page * page_size_, std::min(ahead_pages, meta_.last_page + 1 - page) * page_size_, ahead_);
    }
    to.assign(ahead_, (page - ahead_from_) * page_size_, page_size_);
}

// What LMDB does not look at when it opens the file.
void Walk::check_meta() {
    const std::uint64_t at = meta_place_ * page_size_;
    std::string bytes;
    read(at, sizeof(PageHeader), bytes);
    PageHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const auto check = [&](bool right, const std::string& what) {
        if (!right) add("page " + std::to_string(meta_place_) + ", the newest meta page: " + what);
    };
    check(header.number == meta_place_, "its header has the number " + std::to_string(header.number));
    check(header.flags == PageHeader::meta, "its flags are " + std::to_string(header.flags));
    check(meta_.address == 0, "it wants the file at a fixed address");
    check(std::has_single_bit(meta_.map_size) || meta_.map_size == (meta_.last_page + 1) * page_size_,
          "its map size is " + std::to_string(meta_.map_size));
    check(meta_.commit % 2 == meta_place_, "it has the number " + std::to_string(meta_.commit));
    use(at, 8);
    use(at + 10, 2);
    use(at + sizeof header, sizeof(Meta));
    use((1 - meta_place_) * page_size_, sizeof header + sizeof(Meta), ByteUse::older_meta);
}

// Marks pages as part of a tree; false where they are none, or part of one already.
bool Walk::take(std::uint64_t page, std::uint64_t count) {
    if (count == 0 || page > meta_.last_page || count > meta_.last_page + 1 - page) return false;
    for (std::uint64_t i = page; i < page + count; ++i) {
        if (in_tree_[i]) return false;
        in_tree_[i] = true;
    }
    result_.live += count;
    return true;
}

void Walk::walk(Tree& tree) {
    const bool empty = tree.head.root == TreeHead::no_page;
    const std::uint16_t flags = tree.kind == Tree::Kind::free_list ? integer_keys : 0;
    if (tree.head.flags != flags || (tree.kind != Tree::Kind::free_list && tree.head.pad != 0)) {
        report(tree, {tree.head.root, 0, {}}, "its settings are not those of daybook's tables");
    } else if (empty != (tree.head.depth == 0) || tree.head.depth > depth_max) {
        report(tree, {tree.head.root, 0, {}}, "it would have " + std::to_string(tree.head.depth) + " levels");
    } else if (!empty) {
        visit(tree, {tree.head.root, 0, {}});
    }
    if (!tree.broken) check_counts(tree);
}

// The largest table, the events as a rule, is walked on a thread of its own, and what it reaches put together with the rest after
// that.
void Walk::walk_tables() {
    const auto largest = std::max_element(tables_.begin(), tables_.end(),
                                          [](const Tree& a, const Tree& b) { return a.head.leaf_pages < b.head.leaf_pages; });
    if (largest == tables_.end()) return;
    Walk other(fd_, file_, metas_, uses_);
    const auto how = uses_ ? std::launch::deferred : std::launch::async;  // who is told of bytes is told by one thread
    auto walked = std::async(how, [&] { other.walk(*largest); });
    for (auto table = tables_.begin(); table != tables_.end(); ++table) {
        if (table != largest) walk(*table);
    }
    walked.get();
    take_over(other);
}

void Walk::take_over(const Walk& other) {
    for (std::uint64_t page = 2; page <= meta_.last_page; ++page) {
        if (!other.in_tree_[page]) continue;
        if (in_tree_[page]) add("page " + std::to_string(page) + " is reached from two tables");
        in_tree_[page] = true;
    }
    result_.live += other.result_.live;
    for (const Finding& finding : other.result_.findings) {
        if (result_.findings.size() < PageCheck::kept_max) result_.findings.push_back(finding);
    }
    result_.findings_count += other.result_.findings_count;
}

void Walk::check_tables(const Tree& main, const std::vector<std::string>& index_tables) {
    if (main.broken) return;
    std::vector<std::string_view> there;
    for (const Tree& table : tables_) there.push_back(table.name);
    for (const std::string_view table : journal_tables) {
        if (!is_one_of(there, table)) add("the table " + std::string(table) + " is missing");
    }
    for (const std::string_view table : there) {
        if (is_one_of(journal_tables, table) || table == redaction_table || is_one_of(index_tables, table)) continue;
        add("there is a table " + verification::show(table) + ", which is none of daybook's");
    }
}

void Walk::check_counts(Tree& tree) {
    const auto check = [&](std::uint64_t said, std::uint64_t met, const char* what) {
        if (said == met) return;
        report(tree, {tree.head.root, 0, {}},
               "it is said to have " + std::to_string(said) + " " + what + ", and has " + std::to_string(met));
    };
    check(tree.head.branch_pages, tree.met.branch_pages, "branch pages");
    check(tree.head.leaf_pages, tree.met.leaf_pages, "leaf pages");
    check(tree.head.overflow_pages, tree.met.overflow_pages, "overflow pages");
    check(tree.head.entries, tree.met.entries, "rows");
}

// Returns the first key below the page; nothing where that cannot be told.
std::optional<std::string> Walk::visit(Tree& tree, const Place& place) {
    if (!take(place.number, 1)) {
        report(tree, place, place.number > meta_.last_page ? "there is no such page" : "it is reached twice");
        return std::nullopt;
    }
    const std::uint64_t at = place.number * page_size_;
    read_page(place.number, buffers_[place.level]);
    PageNodes& page = pages_[place.level];
    std::string wrong = page.parse(buffers_[place.level], place.number);
    if (wrong.empty()) check_keys(tree, place, page, wrong);
    if (!wrong.empty()) {
        report(tree, place, wrong);
        return std::nullopt;
    }
    use_header(at);
    use(at + sizeof(PageHeader), page.header.lower - sizeof(PageHeader));
    if (page.is_branch()) return visit_branch(tree, place, page);
    visit_leaf(tree, place, page);
    return std::string(page.nodes.front().key);
}

void Walk::check_keys(const Tree& tree, const Place& place, const PageNodes& page, std::string& wrong) const {
    if (page.is_branch() != (place.level + 1 < tree.head.depth)) {
        wrong = std::string("a ") + (page.is_branch() ? "branch" : "leaf") + " lies " + std::to_string(place.level) +
                " levels below the root of " + std::to_string(tree.head.depth);
        return;
    }
    if (page.is_branch() && page.nodes.size() < 2 && tree.kind != Tree::Kind::free_list) wrong = "it is a branch with one child";
    const std::size_t first = page.is_branch() ? 1 : 0;  // the first key on a branch is never looked at
    for (std::size_t i = first; i < page.nodes.size(); ++i) {
        const std::string_view key = page.nodes[i].key;
        if (tree.kind == Tree::Kind::free_list && key.size() != 8) {
            wrong = "its key " + std::to_string(i) + " is no number";
            return;
        }
        const bool in_order = i == first || tree.less(page.nodes[i - 1].key, key);
        const bool in_bounds =
            (!place.bounds.from || !tree.less(key, *place.bounds.from)) && (!place.bounds.to || tree.less(key, *place.bounds.to));
        if (!in_order || !in_bounds) wrong = "its key " + std::to_string(i) + ", " + tree.show(key) + ", is out of order";
    }
}

std::optional<std::string> Walk::visit_branch(Tree& tree, const Place& place, const PageNodes& page) {
    ++tree.met.branch_pages;
    const std::uint64_t page_at = place.number * page_size_;
    std::optional<std::string> least;
    for (std::size_t i = 0; i < page.nodes.size(); ++i) {
        const Node& node = page.nodes[i];
        Bounds bounds = place.bounds;
        if (i != 0) bounds.from = node.key;
        if (i + 1 != page.nodes.size()) bounds.to = page.nodes[i + 1].key;
        use(page_at + node.at, Node::header_bytes);
        auto first = visit(tree, {node.child, place.level + 1, bounds});
        if (i == 0) {
            least = std::move(first);
            continue;
        }
        use(page_at + node.at + Node::header_bytes, node.key.size(), tree.never_erases() ? ByteUse::live : ByteUse::separator);
        if (first && tree.never_erases() && *first != node.key) {
            report(tree, place, "its key " + tree.show(node.key) + " is not the first one below it, " + tree.show(*first));
        }
    }
    return least;
}

void Walk::visit_leaf(Tree& tree, const Place& place, const PageNodes& page) {
    ++tree.met.leaf_pages;
    tree.met.entries += page.nodes.size();
    for (const Node& node : page.nodes) {
        const bool is_table = tree.kind == Tree::Kind::main;
        if (node.has(Node::is_table) != is_table || (is_table && node.value.size() != sizeof(TreeHead))) {
            report(tree, place, "its row " + tree.show(node.key) + (is_table ? " is no table" : " would be a table"));
            continue;
        }
        const std::uint64_t at = place.number * page_size_ + node.at;
        use(at, Node::header_bytes);
        use(at + Node::header_bytes, node.key.size(), tree.kind == Tree::Kind::free_list ? ByteUse::free_since : ByteUse::live);
        const auto value_at = find_value(tree, place, node);
        if (!value_at) continue;
        if (tree.kind == Tree::Kind::free_list) {
            take_freed(tree, place, node, *value_at);
            continue;
        }
        use(*value_at, node.value_bytes);
        if (!is_table) continue;
        Tree& table = tables_.emplace_back(Tree{Tree::Kind::table, std::string(node.key), {}});
        std::memcpy(&table.head, node.value.data(), sizeof table.head);
    }
}

// Where in the file a row's value lies: with its key, or on overflow pages, which are looked at.
std::optional<std::uint64_t> Walk::find_value(Tree& tree, const Place& place, const Node& node) {
    const std::uint64_t node_value_at = place.number * page_size_ + node.at + Node::header_bytes + node.key.size();
    if (!node.has(Node::is_long)) return node_value_at;
    use(node_value_at, node.value.size());
    const std::uint64_t first = lmdb::read_word(node.value);
    const auto wrong = [&](const std::string& what) {
        report(tree, place,
               "the long value of its row " + tree.show(node.key) + ", on page " + std::to_string(first) + ": " + what);
        return std::nullopt;
    };
    if (first > meta_.last_page) return wrong("there is no such page");
    std::string bytes;
    read(first * page_size_, sizeof(PageHeader), bytes);
    PageHeader header;
    std::memcpy(&header, bytes.data(), sizeof header);
    const std::uint64_t pages = header.lower | static_cast<std::uint64_t>(header.upper) << 16;
    if (header.number != first) return wrong("its header has the number " + std::to_string(header.number));
    if (header.flags != PageHeader::overflow) return wrong("it is no overflow page: its flags are " + std::to_string(header.flags));
    if (pages * page_size_ < sizeof header + node.value_bytes) {
        return wrong("its " + std::to_string(pages) + " pages cannot hold " + std::to_string(node.value_bytes) + " bytes");
    }
    if (!take(first, pages)) return wrong("its " + std::to_string(pages) + " pages are not there, or are reached twice");
    tree.met.overflow_pages += pages;
    use_header(first * page_size_);
    return first * page_size_ + sizeof header;
}

// A row of the free list: how many pages, then their numbers, falling.
void Walk::take_freed(Tree& tree, const Place& place, const Node& row, std::uint64_t value_at) {
    const auto wrong = [&](const std::string& what) { report(tree, place, "its row " + tree.show(row.key) + " " + what); };
    const std::uint64_t commit = lmdb::read_word(row.key);
    read(value_at, row.value_bytes, freed_);
    const std::string_view bytes = freed_;
    const std::uint64_t count = bytes.size() < 8 ? UINT64_MAX : lmdb::read_word(bytes.substr(0, 8));
    if (commit == 0 || commit > meta_.commit) wrong("is of a commit to come");
    if (bytes.size() % 8 != 0 || count > bytes.size() / 8 - 1) return wrong("has another size than it says");
    use(value_at, 8 * (count + 1));
    std::uint64_t before = UINT64_MAX;
    for (std::uint64_t i = 1; i <= count; ++i) {
        const std::uint64_t page = lmdb::read_word(bytes.substr(8 * i, 8));
        if (page < 2 || page > meta_.last_page)
            return wrong("has page " + std::to_string(page) + ", which is none that could be free");
        if (page >= before) return wrong("has page " + std::to_string(page) + " out of order");
        if (in_free_list_[page]) return wrong("has page " + std::to_string(page) + ", which another row has");
        before = page;
        in_free_list_[page] = true;
        ++result_.free;
        if (commit == meta_.commit) freed_by_newest_.push_back(page);
    }
    for (std::uint64_t i = count + 1; i < bytes.size() / 8; ++i) {
        const std::uint64_t page = lmdb::read_word(bytes.substr(8 * i, 8));
        if (page >= 2 && page <= meta_.last_page) behind_count_.push_back(page);
    }
}

void Walk::check_free_pages() {
    for (std::uint64_t page = 2; page <= meta_.last_page; ++page) {
        if (in_tree_[page] && in_free_list_[page])
            add("page " + std::to_string(page) + " is in use, and in the list of free pages");
        if (!in_tree_[page] && !in_free_list_[page]) ++result_.lost;
    }
    for (const std::uint64_t page : behind_count_) {
        if (!in_tree_[page] && !in_free_list_[page]) {
            add("page " + std::to_string(page) + " stands in the list of free pages, behind as many as its row says it has");
        }
    }
}

// A bit in the number of a commit would make another one the newest: the two must be neighbours, and the newest must have freed the
// roots of the one before.
void Walk::check_older_meta() {
    if (older_.commit > meta_.commit) return;  // overwritten while this was read
    if (meta_.commit != 0 && older_.commit + 1 != meta_.commit) {
        add("the two meta pages are of the commits " + std::to_string(older_.commit) + " and " + std::to_string(meta_.commit) +
            ", which do not follow each other");
    }
    if (failed_commit(std::filesystem::path(file_).parent_path()) == meta_.commit + 1) return;  // the roots are that one's
    for (const auto& [before, now] :
         {std::pair{older_.main.root, meta_.main.root}, {older_.free_list.root, meta_.free_list.root}}) {
        if (before == TreeHead::no_page || before == now) continue;
        if (std::find(freed_by_newest_.begin(), freed_by_newest_.end(), before) == freed_by_newest_.end()) {
            add("the commit " + std::to_string(meta_.commit) + " did not free page " + std::to_string(before) +
                ", a root of the commit before it");
        }
    }
}

}  // namespace

PageCheck check_pages(const std::filesystem::path& directory, const std::vector<std::string>& index_tables, const ByteUses& uses) {
    const JournalLock lock = JournalLock::shared(directory, false);
    if (const auto before = lmdb::read_meta_pages(directory); !before) {
        PageCheck check;
        check.findings.push_back({Finding::Kind::page, {}, before.refusal().message});
        check.findings_count = 1;
        return check;
    }
    lmdb::Options options;
    options.read_only = true;
    lmdb::Environment environment(directory, options);
    // While the snapshot is held, nothing that its commit leads to is written over; but its meta page is, two commits later.
    lmdb::Transaction snapshot(environment, lmdb::Transaction::Kind::read);
    while (true) {
        const auto metas = lmdb::read_meta_pages(environment.descriptor());
        if (!metas) throw StorageError(directory.string() + '/' + metas.refusal().message);
        if (metas->metas[metas->newest].commit == snapshot.number()) {
            return Walk(environment.descriptor(), (directory / "data.mdb").string(), *metas, uses).run(index_tables);
        }
        snapshot.renew();
    }
}

}  // namespace daybook
