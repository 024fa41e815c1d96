#include "journal/index.hpp"

#include <stdexcept>
#include <utility>

namespace daybook {

std::uint64_t TransactionalIndex::begin(lmdb::Transaction& transaction, std::uint64_t indexed, std::uint64_t size) {
    // What is in memory is of no use where another process has written the tables meanwhile, or where taking or writing failed.
    const bool given_up = std::exchange(in_transaction_, true);
    if (given_up || indexed_ != indexed || taken_ > size || is_large()) {
        drop_rows();
        indexed_ = taken_ = indexed;
    }
    open(transaction);
    return taken_;
}

void TransactionalIndex::apply(const IndexedEvent& event) {
    const auto indexed = std::exchange(indexed_, std::nullopt);  // it stays so if this throws
    take(event);
    indexed_ = indexed;
    taken_ = event.header.sequence;
}

void TransactionalIndex::flush() {
    indexed_.reset();  // it stays so if this throws
    write();
    drop_rows();
    indexed_ = taken_;
}

bool TransactionalIndex::is_large() const {
    constexpr std::size_t rows_max = 65536;
    return rows() > rows_max;
}

void TransactionalIndex::end(std::uint64_t size) {
    in_transaction_ = false;
    if (taken_ > size) forget();
}

void TransactionalIndex::forget() {
    drop_rows();
    indexed_.reset();
    taken_ = 0;
}

void TransactionalIndex::require_transaction() const {
    if (!in_transaction_) throw std::logic_error("the index of decisions was asked outside of a write transaction");
}

}  // namespace daybook
