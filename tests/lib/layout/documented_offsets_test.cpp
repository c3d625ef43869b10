// The tables in the layout headers against the structs: every row is true, and every field that a table could name
// is named.
#include "../caught.hpp"

#include <elkodon/layout/fingerprint.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <vector>

namespace tests::documented_offsets_cases {
namespace {

using namespace elkodon::layout;
using rows = std::map<std::string, std::size_t>;  // field, or "segment field", and its offset

std::string trimmed(const std::string& text) {
    const auto begin = text.find_first_not_of(' ');
    return begin == std::string::npos ? ""
                                      : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream text(line.substr(line.find('|') + 1));
    for (std::string cell; std::getline(text, cell, '|');) cells.push_back(trimmed(cell));
    return cells;
}

// "pools[16]" and "ring_size …" are named by their first word.
std::string first_word(const std::string& cell) { return cell.substr(0, cell.find_first_of("[ ")); }

std::string text_of_rows(const rows& fields) {
    std::string text;
    for (const auto& [field, offset] : fields)
        text += field + " at " + std::to_string(offset) + "\n";
    return text;
}

// The first table of a header that has a column "offset".
std::string table_in(const std::string& header) {
    std::istringstream text(text_of(std::string(ELKODON_SOURCES) + "/lib/elkodon/layout/" + header));
    std::vector<std::string> columns;
    rows found;
    for (std::string line; std::getline(text, line);) {
        if (line.rfind("// |", 0) != 0) {
            if (!columns.empty()) break;
            continue;
        }
        const auto cells = cells_of(line);
        if (columns.empty()) {
            if (std::count(cells.begin(), cells.end(), "offset") == 1) columns = cells;
            continue;
        }
        std::string offset, field, segment;
        for (std::size_t i = 0; i < std::min(cells.size(), columns.size()); ++i) {
            if (columns[i] == "offset") offset = cells[i];
            if (columns[i] == "field") field = first_word(cells[i]);
            if (columns[i] == "segment") segment = cells[i] + " ";
        }
        if (offset.empty() || offset.find_first_not_of("0123456789") != std::string::npos) continue;
        found[segment + field] = std::stoul(offset);
    }
    return text_of_rows(found);
}

}  // namespace

TEST_CASE("the tables in the layout headers say where each field is") {
    CHECK(table_in("segment_header.hpp") ==
          text_of_rows({{"magic", offsetof(segment_header, magic)},
                        {"version", offsetof(segment_header, version)},
                        {"kind", offsetof(segment_header, kind)},
                        {"fingerprint", offsetof(segment_header, fingerprint)},
                        {"port", offsetof(segment_header, port)},
                        {"process", offsetof(segment_header, process)},
                        {"size", offsetof(segment_header, size)},
                        {"pid", offsetof(segment_header, pid)},
                        {"state", offsetof(segment_header, state)},
                        {"name", offsetof(segment_header, name)}}));
    CHECK(table_in("publisher_segment.hpp") ==
          text_of_rows({{"header", offsetof(publisher_segment, header)},
                        {"ring_size", offsetof(publisher_segment, ring_size)},
                        {"pools", offsetof(publisher_segment, pools)},
                        {"known_from", offsetof(publisher_segment, known_from)},
                        {"wake_at", offsetof(publisher_segment, wake_at)},
                        {"waiting", offsetof(publisher_segment, waiting)},
                        {"tail", offsetof(publisher_segment, tail)},
                        {"ring", offsetof(publisher_segment, ring)}}));
    CHECK(table_in("pool_segment.hpp") ==
          text_of_rows({{"header", offsetof(pool_segment, header)},
                        {"first_chunk", offsetof(pool_segment, first_chunk)},
                        {"chunk_count", offsetof(pool_segment, chunk_count)},
                        {"payload_size", offsetof(pool_segment, payload_size)},
                        {"known_from", offsetof(pool_segment, known_from)},
                        {"chunks", pool_geometry_of(1, 1, 1, {}).pool_offset}}));
    CHECK(table_in("subscriber_segment.hpp") ==
          text_of_rows({{"header", offsetof(subscriber_segment, header)},
                        {"borrow_count", offsetof(subscriber_segment, borrow_count)},
                        {"holds_back", offsetof(subscriber_segment, holds_back)},
                        {"wake_at", offsetof(subscriber_segment, wake_at)},
                        {"seen", offsetof(subscriber_segment, seen)},
                        {"borrowed", offsetof(subscriber_segment, borrowed)}}));
    CHECK(table_in("control_page.hpp") ==
          text_of_rows({{"header", offsetof(control_page, header)},
                        {"generation", offsetof(control_page, generation)},
                        {"waiting", offsetof(control_page, waiting)},
                        {"last_notified", offsetof(control_page, last_notified)}}));
    CHECK(table_in("doorbell_segment.hpp") ==
          text_of_rows({{"header", offsetof(doorbell_segment, header)},
                        {"armed", offsetof(doorbell_segment, armed)},
                        {"backend", offsetof(doorbell_segment, backend)},
                        {"summary", offsetof(doorbell_segment, summary)},
                        {"leaves", offsetof(doorbell_segment, leaves)}}));
    CHECK(table_in("event_segments.hpp") ==
          text_of_rows({{"notifier header", offsetof(notifier_segment, header)},
                        {"listener header", offsetof(listener_segment, header)},
                        {"listener wake_at", offsetof(listener_segment, wake_at)},
                        {"listener node", offsetof(listener_segment, node)},
                        {"event set header", offsetof(event_set_segment, header)},
                        {"event set id_count", offsetof(event_set_segment, id_count)},
                        {"event set counting", offsetof(event_set_segment, counting)},
                        {"event set words", offsetof(event_set_segment, words)}}));
}

TEST_CASE("what two builds must agree on has the agreed size") {
    CHECK(sizeof(segment_header) == 128);
    CHECK(sizeof(chunk_header) == 16);
    CHECK(sizeof(ring_slot) == 8);
    CHECK(sizeof(borrow_slot) == 8);
    CHECK(sizeof(pool_entry) == 32);
    CHECK(sizeof(wake_address) == 16);
    CHECK(sizeof(control_page) == 4096);
    CHECK(sizeof(doorbell_segment) == 4096);
    const std::uint64_t word = magic;
    CHECK(std::string(reinterpret_cast<const char*>(&word), 8) == "ELKODON1");
}

TEST_CASE("a payload is aligned as its type asks, behind its header, and no two chunks overlap") {
    for (const auto alignment :
         std::initializer_list<std::uint64_t>{1, 2, 8, 16, 32, 64, 128, 256, 4096})
        for (const auto size :
             std::initializer_list<std::uint64_t>{1, 2, 15, 16, 48, 64, 112, 113, 4096, 100'000})
            for (const std::uint32_t ring : {2u, 8u, 1024u}) {
                const auto made = publisher_geometry_of(ring, 7, size, alignment);
                CAPTURE(alignment, size, ring);
                REQUIRE(made.pool_offset >= offsetof(publisher_segment, ring) + 8 * ring);
                REQUIRE(made.payload_offset >= sizeof(chunk_header));
                REQUIRE((made.pool_offset + made.payload_offset) % alignment == 0);
                REQUIRE(made.stride % alignment == 0);
                REQUIRE(made.stride % line == 0);  // two chunks never share a line
                REQUIRE(made.stride >= made.payload_offset + size);
                REQUIRE(made.total >= made.pool_offset + 7 * made.stride);
                REQUIRE(made.total % page == 0);
                if (alignment <= 16)
                    REQUIRE(made.payload_offset == 16);  // header and payload begin in one line
            }
}

TEST_CASE("a user header is aligned, ends before the chunk header, and none changes nothing") {
    for (const std::uint64_t alignment : {1, 8, 16, 64, 4096})
        for (const std::uint64_t of_header : {1, 8, 64, 512})
            for (const std::uint64_t blocks : {1, 2, 5, 17}) {
                const user_header header{of_header * blocks, of_header};
                const auto made = publisher_geometry_of(8, 7, 100, alignment, header);
                const auto distance = user_header_distance(header);
                CAPTURE(alignment, of_header, blocks);
                REQUIRE(distance >= sizeof(chunk_header) + header.size);
                REQUIRE(made.payload_offset >= distance);
                REQUIRE((made.payload_offset - distance) % of_header == 0);
                REQUIRE(made.pool_offset % of_header == 0);
                REQUIRE(made.stride % of_header == 0);
                REQUIRE(made.payload_offset % alignment == 0);
                REQUIRE(made.payload_offset % 16 == 0);
                REQUIRE(made.stride % alignment == 0);
                REQUIRE(made.stride >= made.payload_offset + 100);
            }
    CHECK(user_header_distance({}) == sizeof(chunk_header));
    CHECK(publisher_geometry_of(8, 7, 48, 16).stride == 128);
    CHECK(publisher_geometry_of(8, 7, 48, 16, user_header{16, 8}).payload_offset == 32);
}

TEST_CASE("a subscriber's segment has room for its borrow slots, an event set for its ids") {
    for (const std::uint32_t count : {1u, 2u, 463u, 464u, 465u, 1u << 20}) {
        CHECK(cursors_offset(count) >= offsetof(subscriber_segment, borrowed) + 8ULL * count);
        CHECK(cursors_offset(count) % line == 0);
        for (const std::uint64_t cursors : {0u, 1u, 8u, 16'384u}) {
            CHECK(subscriber_segment_size(count, cursors) >= cursors_offset(count) + cursors * line);
            CHECK(subscriber_segment_size(count, cursors) % page == 0);
        }
    }
    for (const std::uint32_t ids : {1u, 64u, 65u, 4096u, 4097u, 10'000u, max_event_ids}) {
        CHECK(leaf_count(ids) * 64ULL >= ids);
        CHECK((leaf_count(ids) - 1) * 64ULL < ids);
        CHECK(summary_count(ids) * 64ULL >= leaf_count(ids));
        CHECK(counts_offset(ids) >=
              offsetof(event_set_segment, words) + 8ULL * (leaf_count(ids) + summary_count(ids)));
        CHECK(counts_offset(ids) % line == 0);
        CHECK(event_set_size(ids, false) >= counts_offset(ids));
        CHECK(event_set_size(ids, true) >= counts_offset(ids) + 4ULL * ids);
        CHECK(event_set_size(ids, true) % page == 0);
    }
}

}  // namespace tests::documented_offsets_cases
