// An index of its own for tests: how many events each stream has, and the service that the newest of its alerts is about.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "journal/index.hpp"
#include "journal/layout.hpp"
#include "journal/verify.hpp"
#include "tests/support.hpp"

namespace daybook::test {

class CountingIndex final : public TransactionalIndex {
public:
    // What a decision would see of the streams that had an event since the index was made.
    std::map<std::string, std::uint64_t> counts;
    // Halfway through taking an event, or writing the tables.
    bool fails_to_take = false, fails_to_write = false;
    std::size_t rows_in_a_row = 1;  // more: it is soon too large for the memory

private:
    void open(lmdb::Transaction& transaction) override {
        transaction_ = &transaction;
        counts_table_ = *transaction.open("test_counts");
        alerts_table_ = *transaction.open("test_alerts");
    }
    void take(const IndexedEvent& event) override {
        const std::string stream(event.stream);
        const auto known = count_rows_.find(stream);
        const std::string before =
            known != count_rows_.end() ? known->second : std::string(transaction_->get(counts_table_, stream).value_or(""));
        std::string row;
        layout::append_u64(row, layout::read_u64(before) + 1);
        count_rows_[stream] = row + std::string(event.source);
        counts[stream] = layout::read_u64(row);
        if (fails_to_take) throw StorageError("it fails");
        if (!event.facts.subject.empty())
            alert_rows_[event.facts.subject] = event.facts.service.empty() ? "-" : event.facts.service;
    }
    void write() override {
        for (const auto& [stream, row] : count_rows_) transaction_->put(counts_table_, stream, row);
        if (fails_to_write) throw StorageError("it fails");
        for (const auto& [subject, row] : alert_rows_) transaction_->put(alerts_table_, subject, row);
    }
    std::size_t rows() const override { return rows_in_a_row * (count_rows_.size() + alert_rows_.size()); }
    void drop_rows() override {
        count_rows_.clear();
        alert_rows_.clear();
    }

    lmdb::Transaction* transaction_ = nullptr;
    lmdb::Table counts_table_, alerts_table_;
    std::map<std::string, std::string> count_rows_, alert_rows_;
};

inline VerifyOptions with_counting_index(const TemporaryDirectory& scratch) {
    VerifyOptions options;
    options.scratch = scratch / "scratch";
    options.index_tables = {"test_counts", "test_alerts"};
    options.make_indexes = [] {
        std::vector<std::unique_ptr<TransactionalIndex>> indexes;
        indexes.push_back(std::make_unique<CountingIndex>());
        return indexes;
    };
    return options;
}

}  // namespace daybook::test
