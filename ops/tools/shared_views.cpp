#include "ops/tools/shared_views.hpp"

#include <algorithm>

namespace daybook {

SharedViews::SharedViews(Views& views, const Journal& journal, TellParked tell_parked)
    : views_(views), journal_(journal), tell_parked_(std::move(tell_parked)) {
    open_tables();
}

// LMDB wants each table opened once before threads share an environment (mdb_dbi_open is not for concurrent transactions). A
// table that a committed transaction has opened stays open, and to open it again only looks it up.
void SharedViews::open_tables() {
    auto environment = views_.environment();
    lmdb::Transaction transaction(*environment, lmdb::Transaction::Kind::write);
    for (const auto& projection : make_projections()) {
        for (const std::string& table : projection->tables()) transaction.open(table.c_str());
    }
    transaction.open("positions");
    transaction.open("parked");
    transaction.commit();
    const std::lock_guard lock(handing_out_);
    environment_ = std::move(environment);
}

std::shared_ptr<lmdb::Environment> SharedViews::environment() {
    const std::lock_guard lock(handing_out_);
    return environment_;
}

void SharedViews::catch_up() {
    const std::uint64_t wanted = journal_.snapshot()->size();
    std::vector<Parked> parked;
    {
        const std::lock_guard lock(folding_);
        if (seen_ >= wanted) return;
        parked = views_.catch_up();
        if (views_.environment() != environment()) open_tables();
        seen_ = std::max(seen_, wanted);
    }
    if (tell_parked_ && !parked.empty()) tell_parked_(parked);
}

void SharedViews::read(const std::function<void(const Seen&)>& use) {
    try {
        catch_up();
    } catch (const NoRoom&) {
        return read_in_memory(use);
    }
    look(use);
}

void SharedViews::read_in_memory(const std::function<void(const Seen&)>& use) {
    const std::lock_guard lock(folding_);
    struct InMemory {
        Views& views;
        explicit InMemory(Views& of) : views(of) { views.read_in_memory(true); }
        ~InMemory() { views.read_in_memory(false); }
    } in_memory(views_);
    lmdb::Transaction views = views_.read();
    const Snapshot journal = journal_.snapshot();
    use({views, *journal, position_of_all(views).sequence.value});
}

void SharedViews::look(const std::function<void(const Seen&)>& use) {
    const auto environment = this->environment();
    lmdb::Transaction views(*environment, lmdb::Transaction::Kind::read);
    const Snapshot journal = journal_.snapshot();  // after the views' snapshot: it has all that they have seen
    use({views, *journal, position_of_all(views).sequence.value});
}

void SharedViews::read_past(const ReplayLimit& limit, std::string_view projection,
                            const std::function<void(lmdb::Transaction&)>& use) {
    const std::lock_guard lock(looking_back_);
    views_.build_apart(
        limit,
        [&](lmdb::Environment& apart) {
            lmdb::Transaction views(apart, lmdb::Transaction::Kind::read);
            use(views);
        },
        {}, projection);
}

std::optional<SharedViews::CurrentIncident> SharedViews::incident(const std::string& incident_id) {
    std::optional<CurrentIncident> current;
    if (!read_incident(incident_id, unseen_max, current)) {
        try {
            catch_up();
        } catch (const NoRoom&) {  // then all of them are folded for this answer
        }
        read_incident(incident_id, SIZE_MAX, current);
    }
    return current;
}

// False where the views have not seen more than `most` of its events.
bool SharedViews::read_incident(const std::string& incident_id, std::size_t most, std::optional<CurrentIncident>& current) {
    const auto environment = this->environment();
    lmdb::Transaction views(*environment, lmdb::Transaction::Kind::read);
    const Snapshot journal = journal_.snapshot();
    const auto head = journal->stream(incident_id);
    if (!head) return true;
    CurrentIncident found;
    found.version = head->version;
    if (const auto table = IncidentTable::open(views)) found.row = table->find(head->number).value_or(IncidentRow());
    // The fold may have left events out, so that their count is not yet the version that it has seen.
    const Sequence seen = position_of(views, "incidents").sequence;
    std::vector<Sequence> unseen = journal->stream_sequences(head->number, found.row.state.event_count + std::uint64_t{1});
    unseen.erase(unseen.begin(), std::upper_bound(unseen.begin(), unseen.end(), seen));
    if (unseen.size() > most) return false;
    PayloadDecoder payloads;
    for (const Sequence sequence : unseen) {
        (void)apply(found.row, ProjectedEvent{*journal->record(sequence), *journal, payloads});
    }
    if (found.row.state.exists()) current = std::move(found);
    return true;
}

}  // namespace daybook
