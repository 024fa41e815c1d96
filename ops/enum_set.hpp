// A set of the values of an enumeration that has at most 32, numbered from 0.
#pragma once

#include <initializer_list>

namespace daybook {

template <class Enum>
class EnumSet {
public:
    constexpr EnumSet() = default;
    constexpr EnumSet(std::initializer_list<Enum> values) {
        for (const Enum value : values) add(value);
    }
    constexpr void add(Enum value) { bits_ |= bit(value); }
    constexpr bool has(Enum value) const { return (bits_ & bit(value)) != 0; }
    // What is in both.
    constexpr EnumSet operator&(EnumSet other) const {
        EnumSet both;
        both.bits_ = bits_ & other.bits_;
        return both;
    }
    bool operator==(const EnumSet&) const = default;

private:
    static constexpr unsigned bit(Enum value) { return 1U << static_cast<unsigned>(value); }
    unsigned bits_ = 0;
};

}  // namespace daybook
