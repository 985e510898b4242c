/* In place of the overlay where Weiss was built without libnl-route-3. */
#include "cloud/overlay/overlay.h"
#include "cloud/overlay/servers.h"

static int absent(weiss_fault *fault)
{
    return weiss_fault_set(fault, WEISS_ERR_SYSTEM,
                           "this weiss was built without libnl-route-3, which networks between servers need");
}

int weiss_overlay_up(const weiss_overlay_options *options, int *mtu, weiss_fault *fault)
{
    (void)options;
    (void)mtu;
    return absent(fault);
}

int weiss_overlay_down(const char *name, int *removed, weiss_fault *fault)
{
    (void)name;
    (void)removed;
    return absent(fault);
}

int weiss_overlay_list(weiss_overlay **list, int *count, weiss_fault *fault)
{
    *list = 0;
    *count = 0;
    return absent(fault);
}

int weiss_wire_parse(const char *text, weiss_wire *wire, weiss_fault *fault)
{
    (void)text;
    *wire = (weiss_wire){.mtu = 0};
    return absent(fault);
}

int weiss_servers_start(const weiss_wire *wire, int taps, bool outlives, weiss_servers **servers, weiss_fault *fault)
{
    (void)wire;
    (void)taps;
    (void)outlives;
    *servers = 0;
    return absent(fault);
}

void weiss_servers_stop(weiss_servers *servers)
{
    (void)servers;
}

int weiss_servers_open_tap(const weiss_servers *servers, int server, int number, int *fd, weiss_fault *fault)
{
    (void)servers;
    (void)server;
    (void)number;
    *fd = -1;
    return absent(fault);
}

int weiss_servers_mtu(const weiss_servers *servers)
{
    (void)servers;
    return 0;
}

int weiss_servers_namespace(const weiss_servers *servers, int server)
{
    (void)servers;
    (void)server;
    return -1;
}

pid_t weiss_servers_relay(const weiss_servers *servers)
{
    (void)servers;
    return 0;
}
