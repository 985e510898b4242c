/* What the wire between two servers is to be, and its rate. */
#include "cloud/overlay/wire.h"

#include "base/text.h"
#include "cloud/overlay/servers.h"

#include <math.h>
#include <netlink/errno.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/tbf.h>
#include <netlink/route/tc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Slowest, and fastest that fits the kernel's token bucket (bytes per second in 31 bits). */
#define RATE_MIN 1e6
#define RATE_MAX 17e9
#define DELAY_MAX 1e9
#define MTU_MAX 65520
/** Smallest burst of the token bucket, in packets, and its smallest queue, in bytes. */
#define BURST_MIN 8
#define QUEUE_MIN 1048576

/** Reads a number and its unit up to @p end. @return false when it is none of the units */
static bool parse_part(const char *text, const char *end, const char *const *units, const double *factors,
                       double *out)
{
    char part[32], *rest;
    size_t length = (size_t)(end - text);
    if (length == 0 || length >= sizeof part || *text < '0' || *text > '9')
        return false;
    memcpy(part, text, length);
    part[length] = '\0';
    double number = strtod(part, &rest);
    for (int i = 0; units[i] != NULL; i++) {
        if (strcmp(rest, units[i]) == 0) {
            *out = number * factors[i];
            return isfinite(*out);
        }
    }
    return false;
}

/** Reads the part of @p text before the next comma. @return what follows it; NULL: it is wrong */
static const char *take(const char *text, const char *const *units, const double *factors, double *out)
{
    const char *end = strchrnul(text, ',');
    if (!parse_part(text, end, units, factors, out))
        return NULL;
    return *end == ',' ? end + 1 : end;
}

int weiss_wire_parse(const char *text, weiss_wire *wire, weiss_fault *fault)
{
    static const char *const rates[] = {"Gb/s", "Mb/s", NULL}, *const times[] = {"us", "ms", NULL},
                             *const bytes[] = {"", NULL};
    static const double rate_factors[] = {1e9, 1e6}, time_factors[] = {1e3, 1e6}, byte_factors[] = {1};
    char shown[WEISS_TEXT_SHOWN];
    double rate = RATE_MIN, delay = 0, mtu = 1500;
    *wire = (weiss_wire){.mtu = 1500};
    if (text == NULL)
        return 0;
    const char *rest = take(text, rates, rate_factors, &rate);
    if (rest != NULL && *rest != '\0')
        rest = take(rest, times, time_factors, &delay);
    if (rest != NULL && *rest != '\0')
        rest = take(rest, bytes, byte_factors, &mtu);
    const int least = WEISS_OVERLAY_MTU_MIN + WEISS_OVERLAY_BYTES_IPV4;
    if (rest == NULL || *rest != '\0' || text[strlen(text) - 1] == ',' || rate < RATE_MIN ||
        rate > RATE_MAX || delay > DELAY_MAX || mtu < least || mtu > MTU_MAX)
        return weiss_fault_set(
            fault, WEISS_ERR_USAGE,
            "--link needs a rate from 1Mb/s to 17Gb/s, and may have a delay up to 1000ms and an "
            "MTU from %d to %d, such as 1Gb/s,50us or 10Gb/s,20us,2044; found \"%s\"",
            least, MTU_MAX, weiss_text_show(text, shown));
    *wire = (weiss_wire){.rate = (int64_t)rate, .delay = (int64_t)delay, .mtu = (int)mtu};
    return 0;
}

int weiss_wire_shape(const weiss_netlink *netlink, int index, int64_t rate, int mtu)
{
    struct rtnl_qdisc *qdisc = rtnl_qdisc_alloc();
    if (qdisc == NULL)
        return -NLE_NOMEM;
    int64_t bytes = rate / 8, burst = bytes / 1000, queue = 8 * burst;
    /* A millisecond may pass at once. On slow wires that is less than the largest packet that the kernel hands down in one
     * piece, which is then cut up; with room for it, messages of 100 kB would not notice the rate. */
    burst = burst < BURST_MIN * mtu ? BURST_MIN * mtu : burst;
    queue = queue < QUEUE_MIN ? QUEUE_MIN : queue;
    rtnl_tc_set_ifindex(TC_CAST(qdisc), index);
    rtnl_tc_set_parent(TC_CAST(qdisc), TC_H_ROOT);
    rtnl_tc_set_handle(TC_CAST(qdisc), TC_HANDLE(1, 0));
    rtnl_tc_set_mtu(TC_CAST(qdisc), (uint32_t)mtu);
    int error = rtnl_tc_set_kind(TC_CAST(qdisc), "tbf");
    if (error == 0) {
        rtnl_qdisc_tbf_set_rate(qdisc, (int)bytes, (int)burst, 0);
        rtnl_qdisc_tbf_set_limit(qdisc, (int)queue);
        error = rtnl_qdisc_add(netlink->socket, qdisc, NLM_F_CREATE | NLM_F_EXCL);
    }
    rtnl_qdisc_put(qdisc);
    return error;
}
