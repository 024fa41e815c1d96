#include "journal/written_json.hpp"

#include <bit>
#include <map>
#include <thread>
#include <vector>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;

namespace {

// The canonical text of `text`, or where and why it was refused.
std::string read(std::string_view text) {
    JsonReader reader;
    const auto value = reader.read(text);
    if (value) return canonical(**value);
    return std::string(to_text(value.refusal().code)) + " at '" + value.refusal().field + "': " + value.refusal().message;
}

bool refused(std::string_view text) { return read(text).starts_with("invalid at"); }

std::string nested(std::size_t depth, const std::string& open, const std::string& close, const std::string& inside) {
    std::string out;
    for (std::size_t i = 0; i < depth; ++i) out += open;
    out += inside;
    for (std::size_t i = 0; i < depth; ++i) out += close;
    return out;
}

std::string number(std::uint64_t bits) {
    std::string out;
    append_json_number(out, std::bit_cast<double>(bits));
    return out;
}

}  // namespace

TEST_CASE("numbers are written as RFC 8785 appendix B says", "[json]") {
    const std::vector<std::pair<std::uint64_t, std::string>> table{{0x0000000000000000, "0"},
                                                                   {0x8000000000000000, "0"},
                                                                   {0x0000000000000001, "5e-324"},
                                                                   {0x8000000000000001, "-5e-324"},
                                                                   {0x7fefffffffffffff, "1.7976931348623157e+308"},
                                                                   {0xffefffffffffffff, "-1.7976931348623157e+308"},
                                                                   {0x4340000000000000, "9007199254740992"},
                                                                   {0xc340000000000000, "-9007199254740992"},
                                                                   {0x4430000000000000, "295147905179352830000"},
                                                                   {0x44b52d02c7e14af5, "9.999999999999997e+22"},
                                                                   {0x44b52d02c7e14af6, "1e+23"},
                                                                   {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
                                                                   {0x444b1ae4d6e2ef4e, "999999999999999700000"},
                                                                   {0x444b1ae4d6e2ef4f, "999999999999999900000"},
                                                                   {0x444b1ae4d6e2ef50, "1e+21"},
                                                                   {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
                                                                   {0x3eb0c6f7a0b5ed8d, "0.000001"},
                                                                   {0x41b3de4355555553, "333333333.3333332"},
                                                                   {0x41b3de4355555554, "333333333.33333325"},
                                                                   {0x41b3de4355555555, "333333333.3333333"},
                                                                   {0x41b3de4355555556, "333333333.3333334"},
                                                                   {0x41b3de4355555557, "333333333.33333343"},
                                                                   {0xbecbf647612f3696, "-0.0000033333333333333333"},
                                                                   {0x43143ff3c1cb0959, "1424953923781206.2"}};
    for (const auto& [bits, text] : table) CHECK(number(bits) == text);
}

TEST_CASE("the example of RFC 8785 section 3.2.2 has the text of section 3.2.4", "[json]") {
    CHECK(read(R"({
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    })") ==
          "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
          "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST_CASE("names are sorted by UTF-16 code units, as in RFC 8785 section 3.2.3", "[json]") {
    JsonReader reader;
    const auto value = reader.read(R"({
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"
    })");
    REQUIRE(value);
    std::vector<std::string> order;
    for (const JsonMember& member : (*value)->members()) order.emplace_back(member.value.text());
    CHECK(order == std::vector<std::string>{"Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
                                            "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh"});
}

TEST_CASE("only what must be escaped is, each in its shortest way", "[json]") {
    std::string all;
    for (char c = 1; c < 0x20; ++c) all += c;
    all += "\x7F\"\\/";
    std::string out;
    append_json_string(out, all);
    CHECK(out ==
          "\"\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013"
          "\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\x7F\\\"\\\\/\"");
    CHECK(read(R"("\u2028\u00e9\/\ud83d\ude00")") == "\"\xE2\x80\xA8\xC3\xA9/\xF0\x9F\x98\x80\"");
}

TEST_CASE("a name twice in one object is refused, with its place", "[json]") {
    CHECK(read(R"({"a":1,"a":1})") == "invalid at '/a': the same name twice in one object");
    CHECK(read(R"({"a":1,"\u0061":2})") == "invalid at '/a': the same name twice in one object");
    CHECK(read(R"({"b":1,"c":2,"a":3,"b":4})") == "invalid at '/b': the same name twice in one object");
    CHECK(read(R"({"x":[0,{"y/z":{"k~":1,"b":2,"k~":3}}]})") == "invalid at '/x/1/y~1z/k~0': the same name twice in one object");
    CHECK(read(R"([{"a":1},{"a":1}])") == R"([{"a":1},{"a":1}])");
    CHECK(read(R"({"":1,"":2})") == "invalid at '/': the same name twice in one object");
}

TEST_CASE("NUL is refused, in strings and names, escaped or not", "[json]") {
    CHECK(read(R"({"a":["x\u0000y"]})") == "invalid at '/a/0': a NUL character in a string");
    CHECK(read(R"({"a":{"x\u0000":1}})") == "invalid at '/a': a NUL character in a name");
    CHECK(refused(std::string_view("\"a\0b\"", 5)));
    CHECK(refused(std::string_view("1\0", 2)));
    CHECK(refused(std::string_view("\0", 1)));
}

TEST_CASE("invalid UTF-8 is refused", "[json]") {
    for (const char* bytes : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF4\x90\x80\x80",
                              "\xF8\x88\x80\x80\x80", "\xFF", "\xE2\x82"}) {
        CHECK(refused("\"" + std::string(bytes) + "\""));
        CHECK(refused("{\"" + std::string(bytes) + "\":1}"));
        CHECK_FALSE(is_clean_utf8(bytes));
    }
    CHECK(is_clean_utf8("\xF4\x8F\xBF\xBF \xE2\x82\xAC"));
    CHECK_FALSE(is_clean_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("half of a surrogate pair is refused, high or low, in strings and names", "[json]") {
    for (const char* half : {R"(\ud83d)", R"(\uD83D)", R"(\ude00)", R"(\uDE00)", R"(\ude00\ud83d)", R"(\ud83dx)", R"(\ud83d\n)",
                             R"(\ud83d\u0041)", R"(\ud83d\ud83d\ude00)", R"(a\udfff)"}) {
        CAPTURE(half);
        CHECK(refused("\"" + std::string(half) + "\""));
        CHECK(refused("{\"" + std::string(half) + "\":1}"));
        CHECK(refused("[{\"a\":[\"" + std::string(half) + "\"]}]"));
    }
    CHECK(read(R"(["\ud83d\ude00","\\ud83d"])") == "[\"\xF0\x9F\x98\x80\",\"\\\\ud83d\"]");
}

TEST_CASE("what daybook writes around a payload may have two levels more, and no more than that", "[json]") {
    WrittenJsonReader reader;
    CHECK(reader.read(nested(66, "{\"a\":", "}", "1")));
    CHECK(reader.read(nested(67, "[", "]", "")).refusal().message == "nested deeper than 66 levels");
    CHECK(reader.read("[]"));
}

TEST_CASE("64 levels are accepted, 65 are refused", "[json]") {
    CHECK_FALSE(refused(nested(64, "[", "]", "")));
    CHECK_FALSE(refused(nested(64, "[", "]", "1")));
    CHECK(refused(nested(65, "[", "]", "")));
    CHECK(refused(nested(65, "[", "]", "1")));
    CHECK_FALSE(refused(nested(63, "{\"a\":", "}", "{}")));
    CHECK_FALSE(refused(nested(64, "{\"a\":", "}", "1")));
    CHECK(refused(nested(64, "{\"a\":", "}", "{}")));
    CHECK(refused(nested(65, "{\"a\":", "}", "1")));
    CHECK(read(nested(65, "[", "]", "")).find("deeper than 64 levels") != std::string::npos);
    CHECK(refused(std::string(100'000, '[')));
}

TEST_CASE("integers up to 2^53-1 are accepted, beyond they are refused, however they are written", "[json]") {
    CHECK(read("9007199254740991") == "9007199254740991");
    CHECK(read("-9007199254740991") == "-9007199254740991");
    CHECK(read("9007199254740991.0") == "9007199254740991");
    for (const char* beyond : {"9007199254740992", "-9007199254740992", "9007199254740993", "9223372036854775807",
                               "-9223372036854775808", "9223372036854775808", "18446744073709551615", "18446744073709551616",
                               "123456789012345678901234567890", "9007199254740992.0", "1e16", "-1e16", "1e20", "9.99e20"}) {
        CAPTURE(beyond);
        CHECK(refused(beyond));
    }
    CHECK(read(R"({"a":[1,{"b":9007199254740992}]})") == "invalid at '/a/1/b': an integer beyond 2^53-1");
    // From 1e21 on the canonical text has an exponent: a real number, not an integer that lost its digits.
    CHECK(read("1e21") == "1e+21");
    CHECK(read("1.5e300") == "1.5e+300");
}

TEST_CASE("minus zero is zero", "[json]") {
    CHECK(read("-0") == "0");
    CHECK(read("-0.0") == "0");
    CHECK(read("-0e5") == "0");
    CHECK(read("[0.0,-0]") == "[0,0]");
    CHECK(read("1e-400") == "0");
}

TEST_CASE("equal numbers have one text", "[json]") {
    CHECK(read("[2,2.0,2e0,20e-1,0.2e1]") == "[2,2,2,2,2]");
    CHECK(read("[1.10,11e-1]") == "[1.1,1.1]");
}

TEST_CASE("a number that no double holds is refused", "[json]") {
    CHECK(refused("1e400"));
    CHECK(refused("-1e400"));
    CHECK(refused("[1,{\"a\":1e999}]"));
    CHECK(refused("NaN"));
    CHECK(refused("Infinity"));
}

TEST_CASE("what is not exactly one JSON text is refused", "[json]") {
    const auto text = GENERATE(as<std::string>{}, "", " ", "\n", "1 2", "{} {}", "{}x", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}",
                               "{'a':1}", "01", "+1", "1.", ".5", "0x10", "tru", "True", "nul", "\"a", "a\"", "\"\t\"", "\"\n\"",
                               R"("\x41")", R"("\u12g4")", R"("\u123")", "[1", "{\"a\"", "{\"a\":", "]", "{\"a\" 1}", "// c\n1",
                               "[1] // c", "\xEF\xBB\xBF{}", "--1", "1e", "1e+");
    CAPTURE(text);
    CHECK(refused(text));
}

TEST_CASE("white space around and within is accepted and not kept", "[json]") {
    CHECK(read(" \t\r\n{ \"a\" : [ 1 , true , null ] , \"b\" : { } } \n") == R"({"a":[1,true,null],"b":{}})");
    CHECK(read("  \"x\"  ") == "\"x\"");
}

TEST_CASE("find gives the member of that name, and nothing where there is none", "[json]") {
    JsonReader reader;
    const auto value = reader.read(R"({"b":[1],"a":null,"":"x"})");
    REQUIRE(value);
    CHECK((*value)->find("a")->is_null());
    CHECK((*value)->find("b")->is_array());
    CHECK((*value)->find("")->text() == "x");
    CHECK((*value)->find("c") == nullptr);
    CHECK((*value)->find("b")->find("x") == nullptr);
}

TEST_CASE("a reader gives the right answer again after large, small and refused texts", "[json]") {
    JsonReader reader;
    std::string large = "[";
    for (int i = 0; i < 20'000; ++i) large += (i == 0 ? "" : ",") + std::string("{\"n\":") + std::to_string(i) + "}";
    large += "]";
    for (int round = 0; round < 3; ++round) {
        const auto first = reader.read(large);
        REQUIRE(first);
        CHECK(canonical(**first) == large);
        CHECK_FALSE(reader.read("{\"a\":{\"a\":1,\"a\":2}}"));
        CHECK_FALSE(reader.read("["));
        const auto small = reader.read("{\"b\":[],\"a\":{}}");
        REQUIRE(small);
        CHECK(canonical(**small) == "{\"a\":{},\"b\":[]}");
    }
}

TEST_CASE("pointer tokens are escaped as RFC 6901 says", "[json]") {
    CHECK(pointer_token("a") == "/a");
    CHECK(pointer_token("") == "/");
    CHECK(pointer_token("a/b~c") == "/a~1b~0c");
    CHECK(pointer_token("~1") == "/~01");
}

TEST_CASE("each refusal code has its word", "[json]") {
    CHECK(std::string(to_text(RefusalCode::invalid)) == "invalid");
    CHECK(std::string(to_text(RefusalCode::not_found)) == "not_found");
    CHECK(std::string(to_text(RefusalCode::conflict)) == "conflict");
    CHECK(std::string(to_text(RefusalCode::idempotency_conflict)) == "idempotency_conflict");
    CHECK(std::string(to_text(RefusalCode::not_permitted)) == "not_permitted");
    CHECK(std::string(to_text(RefusalCode::unauthenticated)) == "unauthenticated");
    CHECK(std::string(to_text(RefusalCode::too_large)) == "too_large");
}

// --- properties

namespace {

// Any JSON text of at most `depth` levels: names in no order, numbers and strings in many spellings.
rc::Gen<std::string> json_text(int depth) {
    const auto scalar = rc::gen::oneOf(rc::gen::element<std::string>("null", "true", "false", "0", "-0", "1.50", "1E2", "0.1e-7",
                                                                     "9007199254740991", "5e-324", "1e21"),
                                       rc::gen::map(rc::gen::inRange<std::int64_t>(-9007199254740991, 9007199254740992),
                                                    [](std::int64_t n) { return std::to_string(n); }),
                                       rc::gen::map(rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127)),
                                                    [](const std::string& text) {
                                                        std::string out;
                                                        append_json_string(out, text);
                                                        return out;
                                                    }),
                                       rc::gen::element<std::string>(R"("\u20ac\/\t")", R"("\ud83d\ude00")", "\"\xEF\xAC\xB3\""));
    if (depth == 0) return scalar;
    const auto inner = json_text(depth - 1);
    const auto array = rc::gen::map(rc::gen::container<std::vector<std::string>>(inner), [](const std::vector<std::string>& items) {
        std::string out = "[";
        for (const std::string& item : items) out += (out.size() > 1 ? " , " : "") + item;
        return out + "]";
    });
    const auto name =
        rc::gen::element<std::string>("a", "b", "", "\xEF\xAC\xB3", "\xF0\x9F\x98\x80", "\xE2\x82\xAC", "1", "\xC3\xB6");
    const auto object = rc::gen::map(rc::gen::container<std::map<std::string, std::string>>(name, inner),
                                     [](const std::map<std::string, std::string>& members) {
                                         std::string out = "{";
                                         for (const auto& [key, value] : members)
                                             out += (out.size() > 1 ? "," : "") + std::string("\"") + key + "\":" + value;
                                         return out + "}";
                                     });
    return rc::gen::oneOf(scalar, array, object);
}

}  // namespace

TEST_CASE("the canonical text of a canonical text is that text", "[json]") {
    rc::prop("canonical(read(canonical(x))) is canonical(x)", [] {
        const std::string text = *json_text(3);
        JsonReader reader;
        const auto value = reader.read(text);
        RC_ASSERT(static_cast<bool>(value));
        const std::string once = canonical(**value);
        const auto again = reader.read(once);
        RC_ASSERT(static_cast<bool>(again));
        RC_ASSERT(canonical(**again) == once);
    });
}

TEST_CASE("a text is canonical when it is the canonical text of its value", "[json]") {
    rc::prop("is_canonical(read(x), x) is x == canonical(read(x)), for x in any spelling, and in the canonical one", [] {
        const std::string text = *json_text(3);
        JsonReader reader;
        const auto value = reader.read(text);
        RC_ASSERT(static_cast<bool>(value));
        const std::string once = canonical(**value);
        RC_ASSERT(is_canonical(**value, text) == (once == text));
        const auto again = reader.read(once);
        RC_ASSERT(is_canonical(**again, once));
    });
    const auto is_its_canonical_text = [](std::string_view text) {
        JsonReader reader;
        const auto value = reader.read(text);
        REQUIRE(value);
        return is_canonical(**value, text);
    };
    CHECK(is_its_canonical_text(R"("\\")"));
    CHECK(is_its_canonical_text(R"("\\\"")"));
    CHECK(is_its_canonical_text(R"({"a\nb":["\n\u0001",1.5,true,null]})"));
    CHECK_FALSE(is_its_canonical_text(R"("\/")"));
    CHECK_FALSE(is_its_canonical_text(R"("\u000a")"));
    CHECK_FALSE(is_its_canonical_text(R"("\u005c")"));
    CHECK_FALSE(is_its_canonical_text(R"({"a":1} )"));
    CHECK_FALSE(is_its_canonical_text(R"({"b":1,"a":1})"));
}

TEST_CASE("a number that is accepted has a text that is accepted, and means the same", "[json]") {
    rc::prop("any double", [] {
        const auto real = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
        RC_PRE(real - real == 0);  // finite
        std::string text;
        append_json_number(text, real);
        JsonReader reader;
        const auto value = reader.read(text);
        if (!value) {
            RC_ASSERT(std::abs(real) > 9007199254740991.0 && std::abs(real) < 1e21);
            return;
        }
        RC_ASSERT(canonical(**value) == text);
        const double back = (*value)->kind == JsonValue::Kind::real ? (*value)->real : static_cast<double>((*value)->integer);
        RC_ASSERT(back == real);
    });
}

TEST_CASE("a text with one byte changed is read or refused, never more", "[json]") {
    rc::prop("mutations of a valid text", [] {
        std::string text = *json_text(3);
        text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
        JsonReader reader;
        const auto value = reader.read(text);
        if (value) RC_ASSERT(is_clean_utf8(canonical(**value)));
    });
}

TEST_CASE("a reader knows nothing of what the one before it read", "[json]") {
    const std::string deep = nested(json_depth_max, "[", "]", "1");
    const std::vector<std::string> texts{R"({"a":["x",{"b":null}],"c":"\u00e9"})",
                                         "[1,",
                                         R"({"a":1,"a":2})",
                                         "[9007199254740993]",
                                         deep,
                                         nested(json_depth_max + 1, "[", "]", "1"),
                                         '"' + std::string(100'000, 'x') + '"',
                                         "\"\\u0000\"",
                                         "7"};
    std::vector<std::string> alone;
    for (const std::string& text : texts) std::thread([&] { alone.push_back(read(text)); }).join();
    for (const std::string& before : texts) {
        for (std::size_t i = 0; i < texts.size(); ++i) {
            read(before);
            CHECK(read(texts[i]) == alone[i]);
        }
    }
    JsonReader kept;
    const auto value = kept.read(texts.front());
    REQUIRE(value);
    for (const std::string& text : texts) read(text);  // takes no buffer of a reader that is there
    CHECK(canonical(**value) == alone.front());
}
