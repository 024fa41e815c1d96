#include "projections/corrections.hpp"

#include "journal/redaction.hpp"

namespace daybook {
namespace {

template <class Map>
auto find_in(const Map& map, Sequence sequence) {
    const auto found = map.find(sequence);
    return found == map.end() ? nullptr : &found->second;
}

}  // namespace

Corrections::Corrections(const JournalView& journal, std::span<const Sequence> sequences) {
    JsonReader reader;
    for (const Sequence sequence : sequences) {
        const auto record = journal.record(sequence);
        if (!record || record->type() != EventType::entry_corrected) continue;
        const auto payload = read_payload(journal, *record, reader);
        const auto* corrected = payload ? std::get_if<EntryCorrected>(&*payload) : nullptr;
        if (corrected == nullptr) continue;
        const Sequence entry{static_cast<std::uint64_t>(corrected->corrects)};
        if (entry >= sequence) continue;  // an import may bring a seq of another journal; a way back ends
        newest_.insert_or_assign(entry, Correction{sequence, corrected->message.value_or("")});
        corrects_.emplace(sequence, entry);
    }
}

const Corrections::Correction* Corrections::of(Sequence entry) const {
    const Correction* newest = find_in(newest_, entry);
    for (const Correction* next = newest; next != nullptr; next = find_in(newest_, next->sequence)) newest = next;
    return newest;
}

const Sequence* Corrections::corrected_by(Sequence correction) const { return find_in(corrects_, correction); }

}  // namespace daybook
