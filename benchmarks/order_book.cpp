// A plain order book for comparison: price ladder, intrusive queues, slots found by id in a flat array.
// Limit, cancel and market orders only; the message table is that of abm/book/messages.py, and so is the job: write
// status and filled lots into each row, and list the fills.
// usage: order_book FILE ROUNDS, where FILE holds the raw message table.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

struct Message {
    int64_t time, id, price, lots, trigger, expiry, filled;
    int32_t account;
    int16_t instrument;
    int8_t kind, side;
    int16_t flags;
    int8_t status, source;
};
static_assert(sizeof(Message) == 72);
enum Kind : int8_t { LIMIT = 0, MARKET = 1, CANCEL = 5 };
enum Status : int8_t { RESTING = 1, FILLED = 2, EXPIRED = 3, CANCELLED = 4, UNKNOWN = 15 };

struct Fill { int64_t maker, taker; int32_t price; int32_t side; int64_t lots; };
struct Order { int64_t id, lots; int32_t price, next, prev, side; };
struct Level { int32_t head = 0, tail = 0; int64_t lots = 0; };

constexpr int32_t NIL = 0;

class Book {
public:
    int32_t bid = 0, ask;
    int64_t trades = 0, volume = 0, notional = 0;
    std::vector<Fill> fills;

    Book(int32_t prices, int64_t ids) : ask(prices), levels(prices + 1), orders(1), slot_of(ids + 1, NIL), top(prices) {}

    int64_t match(int64_t id, int32_t side, int64_t lots, int32_t limit) {
        while (lots > 0) {
            int32_t price = side == 0 ? ask : bid;
            if (side == 0 ? price > limit || price == top : price < limit || price == 0) break;
            Level& level = levels[price];
            int32_t slot = level.head;
            Order& maker = orders[slot];
            int64_t traded = std::min(lots, maker.lots);
            fills.push_back({maker.id, id, price, side, traded});
            lots -= traded;
            trades += 1;
            volume += traded;
            notional += traded * price;
            if (traded == maker.lots) {
                remove(slot);
            } else {
                maker.lots -= traded;
                level.lots -= traded;
            }
        }
        return lots;
    }

    int64_t limit(int64_t id, int32_t side, int32_t price, int64_t lots) {
        lots = match(id, side, lots, price);
        if (lots == 0) return 0;
        int32_t slot = free_slot;
        if (slot != NIL) {
            free_slot = orders[slot].next;
        } else {
            slot = static_cast<int32_t>(orders.size());
            orders.emplace_back();
        }
        Level& level = levels[price];
        orders[slot] = {id, lots, price, NIL, level.tail, side};
        if (level.tail == NIL) level.head = slot;
        else orders[level.tail].next = slot;
        level.tail = slot;
        level.lots += lots;
        slot_of[id] = slot;
        if (side == 0) bid = std::max(bid, price);
        else ask = std::min(ask, price);
        return lots;
    }

    bool cancel(int64_t id) {
        if (slot_of[id] == NIL) return false;
        remove(slot_of[id]);
        return true;
    }

    void handle(Message& message) {
        int32_t side = message.side;
        if (message.kind == CANCEL) {
            message.filled = 0;
            message.status = cancel(message.id) ? CANCELLED : UNKNOWN;
            return;
        }
        int64_t left = message.kind == LIMIT ? limit(message.id, side, static_cast<int32_t>(message.price), message.lots)
                                             : match(message.id, side, message.lots, side == 0 ? INT32_MAX : 0);
        message.filled = message.lots - left;
        message.status = left == 0 ? FILLED : message.kind == LIMIT ? RESTING : EXPIRED;
    }

    void report(double seconds) const {
        int64_t count[2] = {0, 0}, lots[2] = {0, 0}, filled[2] = {0, 0};
        for (int32_t price = 1; price < top; price++) {
            if (levels[price].head == NIL) continue;
            int side = orders[levels[price].head].side;
            filled[side]++;
            lots[side] += levels[price].lots;
            for (int32_t slot = levels[price].head; slot != NIL; slot = orders[slot].next) count[side]++;
        }
        std::printf("%.6f %d %d %ld %ld %ld %ld %ld %ld %ld %ld %ld\n", seconds, bid, ask, count[0],
                    count[1], lots[0], lots[1], filled[0], filled[1], trades, volume, notional);
    }

private:
    std::vector<Level> levels;
    std::vector<Order> orders;
    std::vector<int32_t> slot_of;
    int32_t free_slot = NIL, top;

    void remove(int32_t slot) {
        Order& order = orders[slot];
        Level& level = levels[order.price];
        slot_of[order.id] = NIL;
        level.lots -= order.lots;
        if (order.prev == NIL) level.head = order.next;
        else orders[order.prev].next = order.next;
        if (order.next == NIL) level.tail = order.prev;
        else orders[order.next].prev = order.prev;
        if (level.head == NIL) {
            if (order.side == 0) while (bid > 0 && levels[bid].head == NIL) bid--;
            else while (ask < top && levels[ask].head == NIL) ask++;
        }
        order.next = free_slot;
        free_slot = slot;
    }
};

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::FILE* file = std::fopen(argv[1], "rb");
    if (!file) return 1;
    std::fseek(file, 0, SEEK_END);
    std::vector<Message> messages(std::ftell(file) / sizeof(Message));
    std::rewind(file);
    if (std::fread(messages.data(), sizeof(Message), messages.size(), file) != messages.size()) return 1;
    std::fclose(file);
    int64_t ids = 0;
    for (const Message& message : messages) ids = std::max(ids, message.id);
    for (int round = 0; round < std::atoi(argv[2]); round++) {
        auto start = std::chrono::steady_clock::now();
        Book book(200000, ids);
        for (Message& message : messages) book.handle(message);
        std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        book.report(taken.count());
    }
}
