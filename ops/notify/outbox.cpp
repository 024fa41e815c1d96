#include "ops/notify/outbox.hpp"

#include <algorithm>

namespace daybook {
namespace {

constexpr std::size_t held_max = 1000;       // with more, the receiver itself is taken to be out of order
constexpr std::uint64_t scan_events = 4096;  // of one snapshot
constexpr std::chrono::seconds longest_wait{300};
constexpr std::chrono::seconds overdue_interval{5};  // at most so often follow-ups are looked through

// The receiver is not there, or asks for time: another message would fare no better (RFC 9110 section 15, RFC 6585 section 4).
bool is_down(const HttpReply& reply) {
    switch (reply.status) {
        case 0:
        case 408:
        case 425:
        case 429:
        case 502:
        case 503:
        case 504: return true;
        default: return false;
    }
}

std::string reason_of(const HttpReply& reply) {
    return reply.status == 0 ? reply.error : "it answered " + std::to_string(reply.status);
}

std::string hours_of(const Receiver& receiver) { return std::to_string(receiver.give_up_after / std::chrono::hours(1)) + " h"; }

}  // namespace

void Outbox::Retry::again(Clock::time_point now, std::optional<std::chrono::seconds> at_least) {
    const auto doubled = std::chrono::seconds(std::int64_t{1} << std::min(failures++, 10U));
    at = now + std::max(std::min(doubled, longest_wait), std::min(at_least.value_or(std::chrono::seconds(0)), longest_wait));
}

Outbox::Outbox(const OutboxParts& parts, Receiver receiver) : parts_(parts), receiver_(std::move(receiver)) {
    state_.receiver = receiver_.name;
    find_place();
}

void Outbox::find_place() {
    const Snapshot journal = parts_.journal.snapshot();
    const auto found = read_outbox_place(file());
    if (found && found->origin == journal->origin() && found->position <= journal->size()) {
        place_ = written_ = *found;
        state_.lag_events = journal->size() - place_.position;
        state_.held_incidents = place_.held.size();
        return;
    }
    if (found)
        say(MessageKind::warning, "its place is of another journal, or of a newer one; it is told of what happens from now on");
    place_.origin = journal->origin();
    place_.position = journal->size();
    place_.overdue.first = parts_.clock();
    remember();
}

std::optional<Outbox::Clock::time_point> Outbox::step(const std::stop_token& stop) {
    remember();  // where that failed the last time, nothing is sent before it goes well
    const auto delivery = next(Clock::now());
    if (!delivery) {
        remember();
        return Clock::now() + std::chrono::seconds(1);
    }
    HttpPost post;
    post.url = receiver_.url;
    post.headers = signature_headers(delivery->notification, receiver_.secret, parts_.clock());
    post.body = delivery->notification.body;
    post.deadline = receiver_.timeout;
    post.ca_file = receiver_.ca_file;
    const HttpReply reply = send(post, stop);
    if (reply.status == 0 && stop.stop_requested()) return std::nullopt;
    settle(*delivery, reply, Clock::now());
    return std::nullopt;
}

std::optional<Outbox::Delivery> Outbox::next(Clock::time_point now) {
    if (now < receiver_retry_.at) return std::nullopt;
    if (auto delivery = next_held(now)) return delivery;
    if (auto delivery = next_in_journal()) return delivery;
    return next_overdue(now);
}

std::optional<Outbox::Delivery> Outbox::next_in_journal() {
    std::uint64_t late = 0;
    std::optional<Delivery> found;
    bool more = true;
    while (!found && more) {
        const Snapshot journal = parts_.journal.snapshot();
        const Sequence end = journal->scan({place_.position + 1}, scan_events, [&](const RecordView& event) {
            auto notification = notification_of(event, *journal, receiver_);
            if (notification && place_.held.find(notification->incident_id) == place_.held.end()) {
                if (!notification->of_old && !too_late(*notification)) {
                    found = Delivery{Lane::journal, event.sequence().value, std::move(*notification)};
                    return false;
                }
                ++late;
            }
            place_.position = event.sequence().value;
            return true;
        });
        more = end.value <= journal->size();
        count([&](OutboxState& state) { state.lag_events = journal->size() - place_.position; });
    }
    if (late != 0) {
        count([&](OutboxState& state) { state.given_up += late; });
        say(MessageKind::warning,
            std::to_string(late) + " messages are of more than " + hours_of(receiver_) + " ago, and are not told");
    }
    return found;
}

// The first event that waits, of an incident whose time has come. One in which nothing waits any more is let go.
std::optional<Outbox::Delivery> Outbox::next_held(Clock::time_point now) {
    for (auto held = place_.held.begin(); held != place_.held.end();) {
        if (now >= held_retries_[held->first].at) {
            if (auto delivery = first_waiting(held->first, held->second)) return delivery;
            held_retries_.erase(held->first);
            held = place_.held.erase(held);
        } else {
            ++held;
        }
    }
    return std::nullopt;
}

std::optional<Outbox::Delivery> Outbox::first_waiting(const std::string& incident, std::uint64_t from) {
    const Snapshot journal = parts_.journal.snapshot();
    const auto stream = journal->stream_number(incident);
    const auto first = journal->header({from});
    if (!stream || !first || first->stream != stream->value) return std::nullopt;
    for (const Sequence sequence : journal->stream_sequences(*stream, first->version)) {
        if (sequence.value > place_.position) return std::nullopt;
        auto notification = notification_of(*journal->record(sequence), *journal, receiver_);
        if (!notification || notification->of_old) continue;
        Delivery delivery{Lane::held, sequence.value, std::move(*notification)};
        if (!too_late(delivery.notification)) return delivery;
        give_up(delivery);
    }
    return std::nullopt;
}

std::optional<Outbox::Delivery> Outbox::next_overdue(Clock::time_point now) {
    if (!receiver_.events.has(News::overdue) || now < overdue_retry_.at) return std::nullopt;
    if (overdue_.empty() && now >= next_look_) {
        look_for_overdue(parts_.clock());
        next_look_ = now + overdue_interval;
    }
    while (!overdue_.empty() && !still_overdue(overdue_.front())) overdue_.pop_front();
    if (overdue_.empty()) return std::nullopt;
    return Delivery{Lane::overdue, 0, overdue_.front().notification};
}

bool Outbox::still_overdue(const Overdue& found) {
    if (too_late(found.notification)) return false;
    bool still = false;
    parts_.views.read([&](const SharedViews::Seen& seen) {
        const auto followup = find_followup(seen.views, found.place.second);
        still = followup && overdue_since(*followup, seen.journal, parts_.clock()) == found.since;
    });
    return still;
}

// Follow-ups are looked through when something was appended, or the next one falls due.
void Outbox::look_for_overdue(Time now) {
    const std::uint64_t size = parts_.journal.snapshot()->size();
    if (size == looked_at_size_ && now <= next_due_) return;
    std::deque<Overdue> found;
    Time next_due = Time::max();
    parts_.views.read([&](const SharedViews::Seen& seen) {
        const auto incidents = IncidentTable::open(seen.views);
        if (!incidents) return;
        scan_followups(seen.views, [&](const Followup& followup) {
            const FollowupState& state = followup.state;
            if (state.finished() || state.due_at == RecordHeader::no_time) return true;
            const auto since = overdue_since(followup, seen.journal, now);
            if (!since) {
                next_due = std::min(next_due, from_micros(state.due_at));
                return true;
            }
            const auto heard = heard_since({followup.stream}, UINT64_MAX, receiver_, seen.journal);
            if (!heard) return true;
            const std::pair<Time, std::string> place{std::max(*since, *heard), followup.id};
            const auto incident = place > place_.overdue ? incidents->find({followup.stream}) : std::nullopt;
            if (!incident) return true;
            auto notification = overdue_notification(followup, *since, *heard, *incident, place_.origin, receiver_);
            if (notification) found.push_back({place, *since, std::move(*notification)});
            return true;
        });
    });
    std::sort(found.begin(), found.end(), [](const Overdue& a, const Overdue& b) { return a.place < b.place; });
    overdue_ = std::move(found);  // what was looked at in vain is looked at again
    looked_at_size_ = size;
    next_due_ = next_due;
}

bool Outbox::too_late(const Notification& notification) const {
    return parts_.clock() - notification.since > receiver_.give_up_after;
}

void Outbox::settle(const Delivery& delivery, const HttpReply& reply, Clock::time_point now) {
    const bool taken = reply.status >= 200 && reply.status < 300;
    count([&](OutboxState& state) {
        ++(taken ? state.delivered : state.failed);
        state.failing = !taken;
    });
    if (!is_down(reply)) receiver_retry_ = {};
    if (taken) return advance(delivery);
    const std::string what = std::string(to_text(delivery.notification.kind)) + " of " + delivery.notification.incident_id +
                             " did not come through: " + reason_of(reply);
    if (is_down(reply) || place_.held.size() >= held_max) {
        if (receiver_retry_.failures == 0) say(MessageKind::warning, what + "; it is tried again, with longer and longer waits");
        return receiver_retry_.again(now, reply.retry_after);
    }
    say(MessageKind::warning, what + "; it is tried again, and what happens to other incidents is told meanwhile");
    if (delivery.lane == Lane::overdue) return overdue_retry_.again(now, reply.retry_after);
    hold(delivery, now);
}

void Outbox::advance(const Delivery& delivery) {
    switch (delivery.lane) {
        case Lane::journal: place_.position = delivery.sequence; break;
        case Lane::held: go_on_in(delivery); break;
        case Lane::overdue:
            place_.overdue = overdue_.front().place;
            overdue_.pop_front();
            overdue_retry_ = {};
            break;
    }
    remember();
}

// A held incident waits at its next event, whatever that is, or is let go where it has none that was passed over.
void Outbox::go_on_in(const Delivery& delivery) {
    const std::string& incident = delivery.notification.incident_id;
    held_retries_.erase(incident);
    const Snapshot journal = parts_.journal.snapshot();
    const auto told = journal->record({delivery.sequence});
    const std::uint64_t version = told->header().version + 1;
    const auto next = journal->stream_sequences(told->stream(), version, version);
    if (next.empty() || next.front().value > place_.position) {
        place_.held.erase(incident);
    } else {
        place_.held[incident] = next.front().value;
    }
}

void Outbox::hold(const Delivery& delivery, Clock::time_point now) {
    const std::string& incident = delivery.notification.incident_id;
    held_retries_[incident].again(now, {});
    place_.held[incident] = delivery.sequence;
    if (delivery.lane == Lane::journal) place_.position = delivery.sequence;
    remember();
}

void Outbox::give_up(const Delivery& delivery) {
    count([](OutboxState& state) { ++state.given_up; });
    say(MessageKind::error, std::string(to_text(delivery.notification.kind)) + " of " + delivery.notification.incident_id +
                                " (event " + std::to_string(delivery.sequence) + ") is told no more: it was refused for " +
                                hours_of(receiver_));
}

void Outbox::remember() {
    count([&](OutboxState& state) { state.held_incidents = place_.held.size(); });
    if (place_ == written_) return;
    write_outbox_place(file(), place_);
    written_ = place_;
}

OutboxState Outbox::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

void Outbox::count(const std::function<void(OutboxState&)>& change) {
    const std::lock_guard lock(mutex_);
    change(state_);
}

}  // namespace daybook
