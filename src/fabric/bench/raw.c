#include "fabric/bench/raw.h"

#include "fabric/clock.h"

#include <poll.h>
#include <string.h>

enum { TAG_MESSAGE = 1, TAG_VALUE = 2 };

#define FILE_BYTES ((size_t)64 << 20)
/** Bytes of the region for a chunk. */
#define CHUNK_BLOCK (64u << 10)
#define CHUNKS 32
/** Longest message that goes as one record. */
#define EAGER 4096
#define CLOCK_EVERY 64
#define TICK_NS UINT64_C(100000000)
#define PATIENCE_MS 2000

int weiss_raw_open(weiss_raw *raw, const char *region)
{
    const weiss_identity who = {.rank = (uint32_t)raw->rank, .label = "weiss bench fabric"};
    weiss_fault *fault = &raw->fault;
    int code = weiss_device_open(region, FILE_BYTES, &raw->device, fault);
    if (code == 0)
        code = weiss_region_attach(weiss_device_memory(raw->device), weiss_device_bytes(raw->device), NULL,
                                   &raw->region, fault);
    if (code == 0)
        code = weiss_member_join(&raw->region, raw->device, &who, PATIENCE_MS, &raw->member, fault);
    if (code == 0)
        code = weiss_mailbox_make(&raw->member, false, &raw->mailbox, fault);
    if (code == 0)
        code = weiss_pool_make(&raw->member, CHUNK_BLOCK, CHUNKS, &raw->pool, fault);
    return code;
}

int weiss_raw_connect(weiss_raw *raw, const weiss_address *address, int other)
{
    raw->other = other;
    return weiss_outlet_open(&raw->member, address, WEISS_RING_BLOCK_MAX, &raw->outlet, &raw->fault);
}

static void take_message(weiss_raw *raw, const uint8_t *data, size_t bytes)
{
    if (bytes > raw->expected - raw->position) {
        weiss_fault_set(&raw->fault, WEISS_ERR_PEER, "more bytes arrived than were sent");
        return;
    }
    memcpy(raw->in + raw->position, data, bytes);
    raw->position += bytes;
}

static void take_value(weiss_raw *raw, const weiss_message *message)
{
    double *place = &raw->value[raw->told++ % WEISS_RAW_VALUES];
    if (message->head_bytes == sizeof *place && raw->told - raw->heard <= WEISS_RAW_VALUES)
        memcpy(place, message->head, sizeof *place);
    else
        weiss_fault_set(&raw->fault, WEISS_ERR_PEER,
                        "the other process does not keep to the order of the test");
}

static void deliver(void *self, const weiss_message *message)
{
    weiss_raw *raw = self;
    if (message->tag == TAG_VALUE) {
        take_value(raw, message);
        return;
    }
    take_message(raw, message->head, message->head_bytes);
    take_message(raw, message->body, message->body_bytes);
    if (raw->position == raw->expected) {
        raw->position = 0;
        raw->messages++;
    }
}

/** What is done ten times a second. */
static void tick(weiss_raw *raw, uint64_t now)
{
    struct pollfd other = {.fd = raw->other, .events = POLLIN};
    raw->tick_ns = now + TICK_NS;
    weiss_member_beat(&raw->member);
    weiss_outlet_tick(&raw->outlet);
    weiss_mailbox_tick(&raw->mailbox, deliver, raw, &raw->fault);
    if (poll(&other, 1, 0) > 0)
        weiss_fault_set(&raw->fault, WEISS_ERR_PEER, "the other process has ended");
}

/** Takes what has come. @return false after a failure */
static bool progress(weiss_raw *raw)
{
    weiss_mailbox_poll(&raw->mailbox, deliver, raw, &raw->fault);
    if (++raw->polls % CLOCK_EVERY == 0) {
        uint64_t now = weiss_clock_ns();
        if (now >= raw->tick_ns)
            tick(raw, now);
    }
    return raw->fault.code == 0;
}

static bool send_record(weiss_raw *raw, uint8_t tag, const void *data, size_t bytes)
{
    while (weiss_outlet_send(&raw->outlet, tag, data, bytes, data, 0, &raw->fault) == WEISS_RETRY)
        if (!progress(raw))
            return false;
    return raw->fault.code == 0;
}

static bool send_chunk(weiss_raw *raw, const unsigned char *data, size_t bytes)
{
    uint64_t chunk;
    while (weiss_outlet_reclaim(&raw->outlet, &raw->pool, &raw->fault) != 0 ||
           !weiss_pool_take(&raw->pool, &chunk))
        if (!progress(raw))
            return false;
    memcpy(raw->region.base + chunk, data, bytes);
    while (weiss_outlet_send_chunk(&raw->outlet, TAG_MESSAGE, data, 0, chunk, bytes, &raw->fault) ==
           WEISS_RETRY)
        if (!progress(raw))
            return false;
    return raw->fault.code == 0;
}

bool weiss_raw_send(weiss_raw *raw, const unsigned char *data, size_t bytes)
{
    if (bytes <= EAGER)
        return send_record(raw, TAG_MESSAGE, data, bytes);
    size_t chunk = raw->pool.chunk_bytes;
    for (size_t at = 0; at < bytes; at += chunk)
        if (!send_chunk(raw, data + at, bytes - at < chunk ? bytes - at : chunk))
            return false;
    return true;
}

bool weiss_raw_await(weiss_raw *raw, uint64_t count)
{
    while (raw->messages < count)
        if (!progress(raw))
            return false;
    return true;
}

bool weiss_raw_tell(weiss_raw *raw, double value)
{
    return send_record(raw, TAG_VALUE, &value, sizeof value);
}

bool weiss_raw_hear(weiss_raw *raw, double *value)
{
    while (raw->told == raw->heard)
        if (!progress(raw))
            return false;
    *value = raw->value[raw->heard++ % WEISS_RAW_VALUES];
    return true;
}

void weiss_raw_close(weiss_raw *raw)
{
    if (raw->member.shared != NULL) {
        while (raw->fault.code == 0 && !weiss_outlet_drained(&raw->outlet))
            progress(raw);
        weiss_outlet_close(&raw->outlet);
        weiss_pool_clear(&raw->pool);
        weiss_mailbox_clear(&raw->mailbox);
        weiss_member_leave(&raw->member);
    }
    weiss_device_close(raw->device);
}
