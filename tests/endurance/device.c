/* SPDX-License-Identifier: MIT
 * A simulated connected device: a sensor gateway that reports by MQTT over TLS.
 *
 * What makes heaps of such devices age is that short and long lives mix: while a report of some hundred bytes is put
 * together, a setting is replaced, a log line is kept and a subscription is made, and these stay when the report is gone.
 * Then the connection is lost, and to get it back two TLS buffers must be found, one of them of 17 KiB. */
#include "device.h"

#include "object.h"
#include "random.h"

#include <string.h>

enum {
    SETTINGS = 90,
    CERTIFICATES = 3,
    LOG_LINES = 48,
    JOBS = 24,
    QUEUE = 14,
    SESSION_PARTS = 24,
    NODES = 24,
    TLS_IN = 16 * 1024 + 333, /* a record of the largest size and what surrounds it, as mbedTLS has it */
    TLS_OUT = 4 * 1024 + 333
};

static struct {
    random_source random;
    uint32_t loop;
    uint32_t outage;  /* loops until the network is back; 0: it is there */
    uint32_t backoff; /* loops until the next attempt to connect */
    uint32_t attempts;
    uint32_t queued;
    object settings[SETTINGS];
    object certificates[CERTIFICATES];
    object log[LOG_LINES];
    object jobs[JOBS];
    object queue[QUEUE]; /* oldest first */
    object session[SESSION_PARTS];
    object tls_in;
    object tls_out;
} device;

static uint32_t below(uint32_t bound)
{
    return random_below(&device.random, bound);
}

static uint32_t between(uint32_t low, uint32_t high)
{
    return low + below(high - low + 1);
}

/* Once in so many loops, on average. */
static bool happens(uint32_t once_in)
{
    return below(once_in) == 0;
}

static void replace(object *old, uint32_t bytes)
{
    object_drop(old);
    object_make(old, bytes);
}

/* -------------------------------------------------------------------------------------------------------- connection */

static bool is_connected(void)
{
    return device.tls_in.block != 0;
}

static void disconnect(void)
{
    object_drop(&device.tls_in);
    object_drop(&device.tls_out);
    for (uint32_t i = 0; i < SESSION_PARTS; i++) {
        object_drop(&device.session[i]);
    }
}

/* A handshake: buffers, then many small parts of keys and the peer's certificates, of which some stay. */
static bool shake_hands(void)
{
    bool good = object_make(&device.tls_out, TLS_OUT) && object_make(&device.tls_in, TLS_IN);
    object certificate = { 0, 0, 0 };
    for (uint32_t i = 0; good && i < SESSION_PARTS; i++) {
        good = object_make(&device.session[i], between(24, 320));
    }
    good = good && object_make(&certificate, between(900, 2000));
    for (uint32_t i = 0; i < SESSION_PARTS; i++) {
        if (!happens(4)) {
            object_drop(&device.session[i]);
        }
    }
    object_drop(&certificate);
    return good;
}

/* In a storm each attempt fails at some point of the handshake, and all of it must go again. */
static void attempt(void)
{
    bool there = shake_hands();
    if (!there || device.outage != 0 || happens(3)) {
        disconnect();
        device.attempts++;
        device.backoff = between(1, 2U << (device.attempts < 5 ? device.attempts : 5));
        return;
    }
    device.attempts = 0;
}

static void connection(void)
{
    device.outage -= device.outage != 0;
    device.backoff -= device.backoff != 0;
    if (is_connected() && happens(LOOPS_PER_DAY / 3)) {
        device.outage = between(1, happens(5) ? LOOPS_PER_DAY / 4 : LOOPS_PER_DAY / 96);
        disconnect();
    }
    if (!is_connected() && device.backoff == 0) {
        attempt();
    }
}

/* --------------------------------------------------------------------------------------------------------- telemetry */

static void drop_oldest(void)
{
    object_drop(&device.queue[0]);
    device.queued--;
    memmove(device.queue, device.queue + 1, device.queued * sizeof *device.queue);
}

static void enqueue(uint32_t bytes)
{
    if (device.queued == QUEUE) {
        drop_oldest();
    }
    if (object_make(&device.queue[device.queued], bytes)) {
        device.queued++;
    }
}

/* A document that grows as it is written, and then goes into a packet of its own. */
static void report(void)
{
    object document;
    uint32_t bytes = between(120, 300);
    uint32_t whole = between(200, 760);
    if (!object_make(&document, bytes)) {
        return;
    }
    while (bytes < whole && object_resize(&document, bytes + 128)) {
        bytes += 128;
    }
    enqueue(bytes + between(16, 60));
    object_drop(&document);
}

static void send_queue(void)
{
    for (uint32_t i = 0; is_connected() && i < 4 && device.queued != 0; i++) {
        drop_oldest();
    }
}

/* ------------------------------------------------------------------------------------------------- what is asked of it */

/* A command from the cloud: its text, the tree that a parser makes of it, and what it leaves behind. */
static void command(void)
{
    object text;
    object nodes[NODES];
    uint32_t count = between(4, NODES);
    if (!object_make(&text, between(64, 1500))) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        object_make(&nodes[i], between(20, 90));
    }
    if (happens(2)) {
        replace(&device.settings[below(SETTINGS)], between(12, 180));
    }
    if (happens(3)) {
        replace(&device.jobs[below(JOBS)], between(40, 260));
    }
    for (uint32_t i = 0; i < count; i++) {
        object_drop(&nodes[i]);
    }
    object_drop(&text);
}

static void keep_log(void)
{
    uint32_t line = below(LOG_LINES);
    replace(&device.log[line], between(24, 160));
}

static void renew_certificates(void)
{
    for (uint32_t i = 0; i < CERTIFICATES; i++) {
        replace(&device.certificates[i], between(700, 1500));
    }
}

static void look_for_update(void)
{
    object manifest;
    object chunk;
    if (object_make(&manifest, between(600, 2400))) {
        for (uint32_t i = 0; i < 8 && object_make(&chunk, 2048); i++) {
            object_drop(&chunk);
        }
        object_drop(&manifest);
    }
}

/* -------------------------------------------------------------------------------------------------------------- life */

void device_boot(uint64_t seed)
{
    memset(&device, 0, sizeof device);
    device.random.state = seed;
    heap_account.live_bytes = 0;
    heap_reset();
    renew_certificates();
    for (uint32_t i = 0; i < SETTINGS; i++) {
        object_make(&device.settings[i], between(12, 180));
    }
}

void device_loop(void)
{
    device.loop++;
    connection();
    if (device.loop % (60 / LOOP_SECONDS) == 0) {
        report();
    }
    send_queue();
    if (is_connected() && happens(8)) {
        command();
    }
    if (happens(6)) {
        keep_log();
    }
    if (happens(LOOPS_PER_DAY)) {
        look_for_update();
    }
    if (happens(60 * LOOPS_PER_DAY)) {
        renew_certificates();
    }
    heap_idle();
}
