/* The other servers: entries of the VXLAN interface's forwarding table for all that has no known place. Frames for all go to
 * each of them; where a single machine is, the interface learns from what it receives. */
#include "cloud/overlay/overlay-private.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <string.h>

static const unsigned char everyone[6];

/** Adds or deletes the entry of one server. @return of libnl */
static int write_entry(const weiss_netlink *netlink, int type, int flags, int index, const weiss_ip *peer)
{
    struct nl_msg *message = nlmsg_alloc_simple(type, flags);
    struct ndmsg head = {.ndm_family = AF_BRIDGE,
                         .ndm_ifindex = index,
                         .ndm_state = NUD_PERMANENT | NUD_NOARP,
                         .ndm_flags = NTF_SELF};
    if (message == NULL)
        return -NLE_NOMEM;
    if (nlmsg_append(message, &head, sizeof head, NLMSG_ALIGNTO) == 0 &&
        nla_put(message, NDA_LLADDR, sizeof everyone, everyone) == 0 &&
        nla_put(message, NDA_DST, (int)peer->length, peer->bytes) == 0)
        return nl_send_sync(netlink->socket, message);
    nlmsg_free(message);
    return -NLE_NOMEM;
}

/** What a dump is read into. */
typedef struct reading {
    int index;
    weiss_ip *peers;
    int npeers;
} reading;

static int read_entry(struct nl_msg *message, void *data)
{
    reading *r = data;
    struct nlmsghdr *header = nlmsg_hdr(message);
    struct nlattr *attribute[NDA_MAX + 1];
    if (header->nlmsg_type != RTM_NEWNEIGH ||
        nlmsg_parse(header, sizeof(struct ndmsg), attribute, NDA_MAX, NULL) < 0)
        return NL_OK;
    const struct ndmsg *head = nlmsg_data(header);
    const struct nlattr *mac = attribute[NDA_LLADDR], *to = attribute[NDA_DST];
    if (head->ndm_ifindex != r->index || mac == NULL || to == NULL || nla_len(mac) != sizeof everyone ||
        memcmp(nla_data(mac), everyone, sizeof everyone) != 0 || (nla_len(to) != 4 && nla_len(to) != 16) ||
        r->npeers == WEISS_OVERLAY_PEERS_MAX)
        return NL_OK;
    weiss_ip_set(&r->peers[r->npeers++], nla_len(to) == 4 ? AF_INET : AF_INET6, nla_data(to));
    return NL_OK;
}

int weiss_peers_get(const weiss_netlink *netlink, int index, weiss_ip *peers, int *npeers)
{
    struct ndmsg head = {.ndm_family = AF_BRIDGE};
    reading r = {.index = index, .peers = peers};
    struct nl_cb *callbacks = nl_cb_clone(nl_socket_get_cb(netlink->socket));
    if (callbacks == NULL)
        return -NLE_NOMEM;
    nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, read_entry, &r);
    int error = nl_send_simple(netlink->socket, RTM_GETNEIGH, NLM_F_DUMP, &head, sizeof head);
    if (error >= 0)
        error = nl_recvmsgs(netlink->socket, callbacks);
    nl_cb_put(callbacks);
    *npeers = r.npeers;
    return error < 0 ? error : 0;
}

static bool contains(const weiss_ip *list, int count, const weiss_ip *ip)
{
    for (int i = 0; i < count; i++)
        if (weiss_ip_same(&list[i], ip))
            return true;
    return false;
}

int weiss_peers_set(const weiss_netlink *netlink, int index, const weiss_ip *peers, int npeers,
                    weiss_fault *fault)
{
    weiss_ip old[WEISS_OVERLAY_PEERS_MAX];
    int nold, error = weiss_peers_get(netlink, index, old, &nold);
    if (error != 0)
        return weiss_netlink_fault(fault, error, "the entries for other servers cannot be read");
    for (int i = 0; i < npeers; i++) {
        error = contains(old, nold, &peers[i])
                    ? 0
                    : write_entry(netlink, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, index, &peers[i]);
        if (error != 0)
            return weiss_netlink_fault(fault, error, "the entry for the server %s cannot be made",
                                       peers[i].text);
    }
    for (int i = 0; i < nold; i++) {
        error = contains(peers, npeers, &old[i]) ? 0 : write_entry(netlink, RTM_DELNEIGH, 0, index, &old[i]);
        if (error != 0)
            return weiss_netlink_fault(fault, error, "the entry for the server %s cannot be removed",
                                       old[i].text);
    }
    return 0;
}
