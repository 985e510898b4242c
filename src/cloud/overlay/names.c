/* Names: what a cluster may be called, and what its interfaces are called. */
#include "base/text.h"
#include "cloud/overlay/overlay.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/** FNV-1a. */
static uint32_t hash(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

int weiss_overlay_check_name(const char *name, weiss_fault *fault)
{
    char shown[WEISS_TEXT_SHOWN];
    size_t length = strlen(name);
    if (length >= 1 && length <= WEISS_OVERLAY_NAME && islower((unsigned char)name[0]) &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length)
        return 0;
    return weiss_fault_set(fault, WEISS_ERR_USAGE,
                           "the name of an overlay has 1 to %d letters a-z, digits and hyphens and begins "
                           "with a letter; found \"%s\"",
                           WEISS_OVERLAY_NAME, weiss_text_show(name, shown));
}

uint32_t weiss_overlay_vni(const char *name)
{
    uint32_t h = hash(name), vni = (h >> 24 ^ h) & 0xffffff;
    return vni != 0 ? vni : 1;
}

/** PREFIX and the name; of a long name the beginning and a hash. */
static void join(const char *prefix, const char *name, char out[IFNAMSIZ])
{
    if (strlen(name) <= 10)
        snprintf(out, IFNAMSIZ, "%.4s-%.10s", prefix, name);
    else
        snprintf(out, IFNAMSIZ, "%.4s-%.5s%05x", prefix, name, (unsigned)(hash(name) & 0xfffff));
}

void weiss_overlay_bridge_name(const char *name, char out[IFNAMSIZ])
{
    join("wb", name, out);
}

void weiss_overlay_vxlan_name(const char *name, char out[IFNAMSIZ])
{
    join("wx", name, out);
}

void weiss_overlay_tap_name(const char *name, int number, char out[IFNAMSIZ])
{
    char prefix[5];
    snprintf(prefix, sizeof prefix, "wt%u", (unsigned)number % 100u);
    join(prefix, name, out);
}
